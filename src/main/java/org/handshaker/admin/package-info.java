// SPDX-License-Identifier: MIT
/**
 * What the operator sees of a running relay and can have it do, on a Unix socket of its own that only the relay's user can
 * open, with a token that only the relay's user can read; never on the onion's listener, where these paths are unknown like
 * any other. It tells numbers about the relay and nothing about anybody: an account is suspended or deleted by a name that
 * the operator knows already, and there is no call that lists names.
 */
@NullMarked
package org.handshaker.admin;

import org.jspecify.annotations.NullMarked;
