"""Edge: where everything meets the outside: the API's faces, the server process, the database schema.

This is the only room beside the command line that sees every other; it puts features together and adds nothing of its
own to the domain.
"""
