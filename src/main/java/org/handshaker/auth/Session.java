// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import java.time.LocalDate;
import org.handshaker.core.Id;

/**
 * A signed-in device, as its owner sees it in a list.
 *
 * @param current whether the asking call came through it
 */
record Session(Id id, LocalDate createdOn, boolean current) {}
