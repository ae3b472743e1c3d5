"""Requests that this server makes to addresses which others have named.

`targets` says where they may go; `guarded` connects to no other address than one that was looked at. Webhooks, resource
providers outside this process and programs that approve changes are reached this way.
"""
