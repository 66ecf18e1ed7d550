package io.weir.eventstats.auth;

/**
 * Where the keys of tokens and the access list come from.
 *
 * @param keysUrl key document of EventGate's format or a JWKS; empty for none
 * @param accessFile JSON file of who may read which topic; empty for nobody
 */
public record AuthSettings(String keysUrl, String accessFile) {
    public static final AuthSettings DEFAULT = new AuthSettings("", "");
}
