"""Federation: signing in with an account that somebody has elsewhere, by OpenID Connect.

A site administrator says which identity providers are trusted (`providers`). A sign-in begins here with a state, a
nonce and a code verifier that belong to one browser (`sign_ins`), goes through the provider, and comes back with a
code, which this server exchanges for an ID token (`conversation`, `id_tokens`). Who that is here is decided by the
identities that accounts have linked, and by the provider's rule for new people (`admission`).
"""
