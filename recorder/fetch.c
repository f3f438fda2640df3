// SPDX-License-Identifier: Apache-2.0
#include "fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "address.h"
#include "cleanup.h"

#define HTTP_OK 200
#define HTTP_NOT_MODIFIED 304
#define REDIRECTS 5

struct transfer {
	struct fetch_response response;
	const bool *is_ended;
	bool is_too_large;
	char error[CURL_ERROR_SIZE];
};

static int fail(char **ret_error, int err, const char *cause)
{
	*ret_error = strdup(cause);
	return *ret_error ? err : -ENOMEM;
}

static bool is_loopback(const char *host)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	char text[ADDRESS_TEXT_SIZE] = "";
	struct address address;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (host[0] == '[') /* curl keeps the brackets */
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(host + 1, "]"), host + 1);
	else
		snprintf(text, sizeof(text), "%s", host);
	if (address_parse(text, &address))
		return false;
	return address.size == 4 ? address.bytes[0] == 127
				 : memcmp(address.bytes, loopback6, sizeof(loopback6)) == 0;
}

static bool is_allowed_url(CURLU *url)
{
	char *scheme = NULL, *host = NULL;
	bool is_allowed = false;

	if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		is_allowed = strcmp(scheme, "https") == 0 ||
			     (strcmp(scheme, "http") == 0 && is_loopback(host));
	curl_free(scheme);
	curl_free(host);
	return is_allowed;
}

static int check_url(const char *text, char **ret_error)
{
	CURLU *url = curl_url();
	CURLUcode code;
	bool is_allowed;

	if (!url)
		return fail(ret_error, -ENOMEM, "out of memory");
	code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
	is_allowed = code == CURLUE_OK && is_allowed_url(url);
	curl_url_cleanup(url);
	if (code != CURLUE_OK)
		return fail(ret_error, -EINVAL, "not a URL, expected https://HOST/PATH");
	if (!is_allowed)
		return fail(ret_error, -EPERM,
			    "expected https:// (http:// from the loopback only): what comes in the "
			    "clear could be anybody's");
	return 0;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *context)
{
	struct transfer *transfer = context;
	struct fetch_response *response = &transfer->response;
	char *grown;

	(void)one;
	if (response->size + size > FETCH_BYTES) {
		transfer->is_too_large = true;
		return 0;
	}
	grown = realloc(response->text, response->size + size + 1);
	if (!grown)
		return 0;
	memcpy(grown + response->size, bytes, size);
	response->text = grown;
	response->size += size;
	response->text[response->size] = '\0';
	return size;
}

/* Headers of every response on the way come here; those of a redirect must not stay. */
static size_t on_header(char *bytes, size_t one, size_t size, void *context)
{
	static const char name[] = "etag:";
	struct fetch_response *response = &((struct transfer *)context)->response;
	const char *end = bytes + size;

	(void)one;
	if (size > 5 && strncmp(bytes, "HTTP/", 5) == 0) {
		free(response->etag);
		response->etag = NULL;
	}
	if (size < sizeof(name) || strncasecmp(bytes, name, sizeof(name) - 1) != 0)
		return size;
	bytes += sizeof(name) - 1;
	while (bytes < end && (*bytes == ' ' || *bytes == '\t'))
		bytes++;
	while (end > bytes && strchr("\r\n \t", end[-1]))
		end--;
	free(response->etag);
	response->etag = strndup(bytes, (size_t)(end - bytes)); /* NULL: as if none came */
	return size;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct transfer *transfer = context;

	(void)a, (void)b, (void)c, (void)d;
	return transfer->is_ended && __atomic_load_n(transfer->is_ended, __ATOMIC_RELAXED);
}

static void set_protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTPS | CURLPROTO_HTTP);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTPS);
#endif
}

static void set_up(CURL *curl, const struct fetch_request *request, struct transfer *transfer,
		   struct curl_slist *headers)
{
	set_protocols(curl);
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "pidtree-recorder/" PIDTREE_VERSION);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
}

/* What came of a transfer that ended with code. */
static int judge(CURL *curl, CURLcode code, const struct fetch_request *request,
		 struct transfer *transfer, char **ret_error)
{
	char text[64];
	long status = 0;

	if (transfer->is_too_large)
		return fail(ret_error, -EFBIG, "it is too large");
	if (code != CURLE_OK)
		return fail(ret_error, -EIO,
			    transfer->error[0] ? transfer->error : curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == HTTP_NOT_MODIFIED && request->etag) {
		free(transfer->response.text); /* a server that is not strict may send one */
		transfer->response.text = NULL;
		return 0;
	}
	if (status != HTTP_OK) {
		snprintf(text, sizeof(text), "the server answers with HTTP status %ld", status);
		return fail(ret_error, -EIO, text);
	}
	if (!transfer->response.text)
		transfer->response.text = strdup("");
	return transfer->response.text ? 0 : fail(ret_error, -ENOMEM, "out of memory");
}

/* The request's own header: a list for the caller to free, or NULL. */
static struct curl_slist *condition(const char *etag)
{
	_cleanup_free_ char *line = NULL;

	if (!etag)
		return NULL;
	if (asprintf(&line, "If-None-Match: %s", etag) < 0) {
		line = NULL;
		return NULL;
	}
	return curl_slist_append(NULL, line);
}

int fetch(const struct fetch_request *request, struct fetch_response *ret, char **ret_error)
{
	struct transfer transfer = {.is_ended = request->is_ended};
	struct curl_slist *headers;
	CURL *curl;
	int err = check_url(request->url, ret_error);

	if (err)
		return err;
	curl = curl_easy_init();
	if (!curl)
		return fail(ret_error, -ENOMEM, "out of memory");
	headers = condition(request->etag);
	set_up(curl, request, &transfer, headers);
	err = judge(curl, curl_easy_perform(curl), request, &transfer, ret_error);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (err) {
		free(transfer.response.text);
		free(transfer.response.etag);
		return err;
	}
	*ret = transfer.response;
	return 0;
}
