/* SPDX-License-Identifier: MIT
 * The one opening handshake of the load tools: wsload always sends the sample key of RFC 6455 section 1.3, so
 * that rawfan need not compute an answer and wsload need not either. No security is meant or had by it.
 */
#ifndef TESTS_LOAD_HANDSHAKE_H
#define TESTS_LOAD_HANDSHAKE_H

#define LOAD_WS_KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define LOAD_WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#endif
