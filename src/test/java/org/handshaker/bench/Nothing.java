// SPDX-License-Identifier: MIT
package org.handshaker.bench;

/** What a JVM takes to start and say a word. */
public final class Nothing {
    private Nothing() {}

    public static void main(String[] args) {
        System.out.println("ready");
    }
}
