# Varnish between a proxy for TLS and secretsd: a file for /etc/varnish/. It caches nothing, because
# every response but the page's files is for one client only.
# Change the path of the socket if the server listens elsewhere.
vcl 4.1;

backend secretsd {
    .path = "/run/secretsd.sock";
    .connect_timeout = 3s;
    .first_byte_timeout = 60s;
}

sub vcl_recv {
    # The address is set and never appended to, so that a client cannot claim another one. With a
    # proxy for TLS in front, let Varnish take the address from it by the PROXY protocol (-a :80,PROXY).
    set req.http.X-Forwarded-For = client.ip;
    unset req.http.Forwarded;
    # Only a sign-in of this proxy names a user (SECRETS_USER_HEADER), never a client.
    unset req.http.X-Forwarded-User;
    if (req.url ~ "^/(metrics|readyz)([?]|$)") {
        return (synth(404));
    }
    return (pass);
}

sub vcl_backend_error {
    # A request that was sent is never sent again.
    return (deliver);
}
