// SPDX-License-Identifier: MIT
package org.handshaker.auth;

import org.handshaker.support.RawHttp;
import org.handshaker.support.TestRelay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AuthMalformedInputTest {
    private TestRelay relay;
    private RawHttp http;
    private String token;

    @BeforeAll
    void startARelayWithOneUser() {
        relay = TestRelay.start();
        http = new RawHttp(relay.address());
        token = http.signUp("walker");
    }

    @AfterAll
    void stopTheRelay() {
        relay.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    POST | /auth/register | `{"username":"ab","password":"correct horse battery"}` | 400 | bad_username
                    POST | /auth/register | `{"username":"@@abc","password":"correct horse battery"}` | 400 | bad_username
                    POST | /auth/register | `{"username":"a b c","password":"correct horse battery"}` | 400 | bad_username
                    POST | /auth/register | `{"username":"wal\\u212aer","password":"correct horse battery"}` | 400 | bad_username
                    POST | /auth/register | `{"username":"new\\u0000","password":"correct horse battery"}` | 400 | bad_username
                    POST | /auth/register | `{"username":"newcomer","password":""}` | 400 | bad_password
                    POST | /auth/register | `{"username":"newcomer","password":"short"}` | 400 | bad_password
                    POST | /auth/register | `{"username":"newcomer","password":["correct horse battery"]}` | 400 | malformed
                    POST | /auth/register | `{"username":"newcomer","password":"correct horse battery","discoverable":"true"}` | 400 | malformed
                    POST | /auth/register | `{"username":"newcomer","password":"correct horse battery","is_admin":true}` | 400 | malformed
                    POST | /auth/register | `{"username":"newcomer","password":"correct horse battery","pgp_public_key":""}` | 400 | bad_pgp_key
                    POST | /auth/register | `{"username":"newcomer","password":"correct horse battery","pgp_public_key":"not a key"}` | 400 | bad_pgp_key
                    POST | /auth/register | `{"username":"newcomer","password":"correct horse battery","recovery_email":"a@b.example"}` | 400 | mail_disabled
                    POST | /auth/register | `{"username":"walker","password":"correct horse battery"}` | 409 | username_taken
                    POST | /auth/register | `{"username":"@WALKER","password":"correct horse battery"}` | 409 | username_taken
                    POST | /auth/login | `{"username":"ab","password":"correct horse battery"}` | 400 | bad_username
                    POST | /auth/login | `{"username":"","password":"correct horse battery"}` | 400 | bad_username
                    POST | /auth/login | `{"username":"@nobody_here","password":"correct horse battery"}` | 401 | bad_credentials
                    POST | /auth/login | `{"username":"@walker","password":""}` | 401 | bad_credentials
                    POST | /auth/login | `{"username":"@walker","password":"wrong"}` | 401 | bad_credentials
                    POST | /auth/login | `{"username":"@walker","password":null}` | 400 | malformed
                    POST | /auth/refresh | `{"refresh_token":""}` | 401 | not_signed_in
                    POST | /auth/refresh | `{"refresh_token":"garbage"}` | 401 | not_signed_in
                    POST | /auth/refresh | `{"refresh_token":7}` | 400 | malformed
                    POST | /auth/logout | `{"everywhere":"yes"}` | 400 | malformed
                    PUT | /auth/password | `{"current_password":"wrong","new_password":"staple correct battery"}` | 401 | bad_credentials
                    PUT | /auth/password | `{"current_password":"correct horse battery","new_password":"short"}` | 400 | bad_password
                    PUT | /auth/pgp-key | `{"pgp_public_key":"not a key"}` | 400 | bad_pgp_key
                    PUT | /auth/pgp-key | `{"pgp_public_key":""}` | 400 | bad_pgp_key
                    POST | /auth/forgot-password | `{"username":7}` | 400 | malformed
                    POST | /auth/forgot-password | `{"username":"@walker","recovery_email":"a@b.example"}` | 400 | mail_disabled
                    POST | /auth/reset-password | `{"username":"@walker","new_password":"staple correct battery","recovery_code":"wrong"}` | 401 | bad_otp
                    POST | /auth/reset-password | `{"username":"@nobody_here","new_password":"staple correct battery","recovery_code":"wrong"}` | 401 | bad_otp
                    POST | /auth/reset-password | `{"username":"@walker","new_password":"staple correct battery","reset_id":"x","otp":"y"}` | 401 | bad_otp
                    POST | /auth/reset-password | `{"username":"@walker","new_password":"staple correct battery","reset_id":"AAAAAAAAAAAAAAAAAAAAAA","otp":""}` | 401 | bad_otp
                    POST | /auth/reset-password | `{"username":"@walker","new_password":"short","recovery_code":"wrong"}` | 400 | bad_password
                    POST | /auth/key-login | `{"username":"@walker","challenge_id":"x","response":"y"}` | 401 | bad_otp
                    POST | /auth/key-login | `{"username":"@nobody_here","challenge_id":"AAAAAAAAAAAAAAAAAAAAAA","response":"y"}` | 401 | bad_otp
                    POST | /auth/recovery-codes | `{"password":"wrong"}` | 401 | bad_credentials
                    PUT | /auth/recovery-email | `{"password":"correct horse battery","recovery_email":"a@b.example"}` | 400 | mail_disabled
                    PUT | /auth/recovery-email | `{"password":"wrong","recovery_email":null}` | 400 | malformed
                    DELETE | /auth/recovery-email | `{"password":"wrong"}` | 401 | bad_credentials
                    DELETE | /auth/account | `{"password":"wrong"}` | 401 | bad_credentials
                    DELETE | /auth/account |  | 400 | malformed
                    DELETE | /auth/sessions/x |  | 404 | not_found
                    DELETE | /auth/sessions/AAAAAAAAAAAAAAAAAAAAAA |  | 404 | not_found
                    GET | /auth/puzzle |  | 400 | malformed
                    GET | /auth/puzzle?for= |  | 400 | malformed
                    GET | /auth/puzzle?for=everything |  | 400 | malformed
                    GET | /auth/puzzle?for=login&for=login |  | 400 | malformed
                    """)
    void isRefused(String method, String target, String body, int status, String code) {
        RawHttp.Request request = http.request(method, target).token(token);
        if (body != null) {
            request.json(body);
        }
        request.send().assertRefused(status, code);
    }

    @Test
    void refusesAPasswordThatIsTooLong() {
        http.request("POST", "/auth/register")
                .json("{\"username\":\"newcomer\",\"password\":\"" + "p".repeat(129) + "\"}")
                .send()
                .assertRefused(400, "bad_password");
    }
}
