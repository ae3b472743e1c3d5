from odata_query.grammar import Token

class ODataException(Exception): ...

class TokenizingException(ODataException):
    token: Token

class ParsingException(ODataException):
    token: Token | None
