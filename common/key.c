/* SPDX-License-Identifier: MIT
 * Keys by OpenSSL 3, random bits by the kernel. A failure here is an installation that does not work, or
 * memory that ran out amid a few bytes: no answer made without the key could be right, so the program ends.
 * The only file that sees openssl/.
 */
#include "common/key.h"

#include <errno.h>
#include <sys/random.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "common/logline.h"

static void need(bool good, const char *what)
{
    if (good)
        return;
    log_error("%s failed", what);
    abort();
}

void key_random(void *out, size_t n)
{
    for (char *p = out; n;) {
        ssize_t got = getrandom(p, n, 0);

        need(got > 0 || errno == EINTR, "getrandom");
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}

/* OSSL_PARAM takes no const pointers, though it only reads what it is given here. */
static OSSL_PARAM octets(const char *name, const void *p, size_t n)
{
    union {
        const void *in;
        void *out;
    } pointer = { p };

    return OSSL_PARAM_construct_octet_string(name, pointer.out, n);
}

void key_derive(uint8_t out[KEY_SIZE], struct str master, const void *info, size_t info_len)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                            octets(OSSL_KDF_PARAM_KEY, master.p, master.n),
                            octets(OSSL_KDF_PARAM_INFO, info, info_len), OSSL_PARAM_construct_end() };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;

    need(context && EVP_KDF_derive(context, out, KEY_SIZE, params) == 1, "HKDF");
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}

void key_sha256(uint8_t out[KEY_SIZE], struct str s)
{
    need(EVP_Digest(s.p, s.n, out, NULL, EVP_sha256(), NULL) == 1, "SHA256");
}

void key_mac(uint8_t out[KEY_SIZE], const void *key, size_t key_len, const void *p, size_t n)
{
    const void *some = key_len ? key : ""; /* HMAC() takes NULL for "the key of before" */

    need(key_len <= INT32_MAX && HMAC(EVP_sha256(), some, (int)key_len, p, n, out, NULL), "HMAC");
}

bool key_same(const void *a, const void *b, size_t n)
{
    return !CRYPTO_memcmp(a, b, n);
}

void key_wipe(void *p, size_t n)
{
    OPENSSL_cleanse(p, n);
}
