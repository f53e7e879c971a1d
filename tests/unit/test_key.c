/* SPDX-License-Identifier: MIT
 * Keys (common/key.h) against the published vectors: RFC 5869 appendix A, RFC 4231, FIPS 180.
 */
#include "common/key.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void check(const uint8_t got[KEY_SIZE], const char *hex)
{
    uint8_t want[KEY_SIZE];

    assert_true(str_from_hex(str_of(hex), want, sizeof want));
    assert_memory_equal(got, want, sizeof want);
}

static void sha256_of_the_standards_examples(void **state)
{
    uint8_t out[KEY_SIZE];

    (void)state;
    key_sha256(out, STR(""));
    check(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    key_sha256(out, (struct str){ 0 });
    check(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    key_sha256(out, STR("abc"));
    check(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    key_sha256(out, STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
    check(out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 4231: key and data as a repeated byte or a text. */
static void hmac_sha256_of_rfc_4231(void **state)
{
    uint8_t out[KEY_SIZE], key[131], data[50];

    (void)state;
    memset(key, 0x0b, 20);
    key_mac(out, key, 20, "Hi There", 8);
    check(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    key_mac(out, "Jefe", 4, "what do ya want for nothing?", 28);
    check(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 20);
    memset(data, 0xdd, 50);
    key_mac(out, key, 20, data, 50);
    check(out, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    for (uint8_t i = 0; i < 25; i++)
        key[i] = i + 1;
    memset(data, 0xcd, 50);
    key_mac(out, key, 25, data, 50);
    check(out, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    memset(key, 0xaa, 131);
    key_mac(out, key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54);
    check(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    key_mac(out, NULL, 0, NULL, 0);
    check(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* RFC 5869 A.3 has no salt and no info; its first 32 bytes of 42. */
static void hkdf_without_salt_and_info_is_that_of_rfc_5869(void **state)
{
    uint8_t out[KEY_SIZE], master[22];

    (void)state;
    memset(master, 0x0b, sizeof master);
    key_derive(out, (struct str){ (const char *)master, sizeof master }, NULL, 0);
    check(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

/* RFC 5869 by hand: extract with a salt of zeros, expand by one block. */
static void hkdf_is_two_macs(void **state)
{
    static const uint8_t salt[KEY_SIZE];
    uint8_t out[KEY_SIZE], extracted[KEY_SIZE], expanded[KEY_SIZE];

    (void)state;
    key_derive(out, STR("a master secret of more than 32 bytes"), "info\0\xff", 6);
    key_mac(extracted, salt, sizeof salt, "a master secret of more than 32 bytes", 37);
    key_mac(expanded, extracted, sizeof extracted, "info\0\xff\x01", 7);
    assert_memory_equal(out, expanded, sizeof out);
}

static void keys_differ_by_master_and_by_info(void **state)
{
    uint8_t a[KEY_SIZE], b[KEY_SIZE];

    (void)state;
    key_derive(a, STR("master one"), "x", 1);
    key_derive(b, STR("master two"), "x", 1);
    assert_memory_not_equal(a, b, sizeof a);
    key_derive(b, STR("master one"), "y", 1);
    assert_memory_not_equal(a, b, sizeof a);
    key_derive(b, STR("master one"), "x\0", 2);
    assert_memory_not_equal(a, b, sizeof a);
    key_derive(b, STR("master one"), "x", 1);
    assert_memory_equal(a, b, sizeof a);
}

/* By chance this fails once in 2^64 runs. */
static void random_bits_fill_all_that_was_asked_for_and_no_more(void **state)
{
    static const uint8_t zeros[8];
    uint8_t bits[1024] = { 0 }, other[16];

    (void)state;
    key_random(bits, sizeof bits - 8);
    for (size_t i = 0; i < sizeof bits - 8; i += 8)
        assert_memory_not_equal(bits + i, zeros, 8);
    assert_memory_equal(bits + sizeof bits - 8, zeros, 8);
    key_random(other, sizeof other);
    assert_memory_not_equal(bits, other, sizeof other);
    key_random(NULL, 0);
}

static void sameness_looks_at_every_byte(void **state)
{
    uint8_t a[KEY_SIZE] = { 0 }, b[KEY_SIZE] = { 0 };

    (void)state;
    assert_true(key_same(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 0x80;
        assert_false(key_same(a, b, sizeof a));
        assert_true(key_same(a, b, i));
        b[i] = 0;
    }
}

static void wiping_leaves_zeros(void **state)
{
    char secret[] = "xxsecretxx";

    (void)state;
    key_wipe(secret + 2, 6);
    assert_memory_equal(secret, "xx\0\0\0\0\0\0xx", sizeof secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_the_standards_examples),
        cmocka_unit_test(hmac_sha256_of_rfc_4231),
        cmocka_unit_test(hkdf_without_salt_and_info_is_that_of_rfc_5869),
        cmocka_unit_test(hkdf_is_two_macs),
        cmocka_unit_test(keys_differ_by_master_and_by_info),
        cmocka_unit_test(random_bits_fill_all_that_was_asked_for_and_no_more),
        cmocka_unit_test(sameness_looks_at_every_byte),
        cmocka_unit_test(wiping_leaves_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
