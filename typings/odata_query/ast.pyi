from datetime import datetime

class Node: ...

_Node = Node

class Identifier(Node):
    name: str

    def full_name(self) -> str: ...

class Null(Node): ...

class Integer(Node):
    @property
    def py_val(self) -> int: ...

class Boolean(Node):
    @property
    def py_val(self) -> bool: ...

class String(Node):
    @property
    def py_val(self) -> str: ...

class DateTime(Node):
    @property
    def py_val(self) -> datetime: ...

class GUID(Node):
    val: str

class List(Node):
    val: list[Node]

class Eq(Node): ...
class NotEq(Node): ...
class Lt(Node): ...
class LtE(Node): ...
class Gt(Node): ...
class GtE(Node): ...
class In(Node): ...
class And(Node): ...
class Or(Node): ...
class Not(Node): ...

class Compare(Node):
    comparator: Node
    left: Node
    right: Node

class BoolOp(Node):
    op: Node
    left: Node
    right: Node

class UnaryOp(Node):
    op: Node
    operand: Node

class Call(Node):
    func: Identifier
    args: list[Node]

class CollectionOperator(Node): ...
class Any(CollectionOperator): ...
class All(CollectionOperator): ...

class Lambda(Node):
    identifier: Identifier
    expression: Node

class CollectionLambda(Node):
    owner: Node
    operator: CollectionOperator
    lambda_: Lambda | None
