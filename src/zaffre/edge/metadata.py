"""`$metadata`: the collections of a face as OData's CSDL 4.01, in XML and in JSON.

Made from the declarations that the routes themselves are made from: a collection is a route that lists, its type the
model of its items. Collections at the top are entity sets; one inside another is a navigation property that contains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from xml.etree import ElementTree as ET

from pydantic import BaseModel

from zaffre.foundation.http.collections import CollectionRoute, Collections
from zaffre.foundation.http.shaping import RELATED, relations_of

NAMESPACE = "Zaffre"
EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"
CAPABILITIES = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Capabilities.V1"
KEY_AS_SEGMENT = "Org.OData.Capabilities.V1.KeyAsSegmentSupported"
TEXT_IDS = frozenset({"resource_id", "actor_id"})
"""Fields that are called as ids are and may hold other text."""
_PRIMITIVES: Mapping[type, str] = {
    bool: "Edm.Boolean",
    int: "Edm.Int64",
    float: "Edm.Double",
    Decimal: "Edm.Decimal",
    datetime: "Edm.DateTimeOffset",
    date: "Edm.Date",
}


@dataclass(frozen=True)
class Property:
    """A field of a type."""

    name: str
    type: str
    many: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class Navigation:
    """A way from a type to another."""

    name: str
    type: str
    many: bool = False
    contains: bool = False
    field: str | None = None
    """The field that holds the other's id."""


@dataclass(frozen=True)
class Type:
    """A type of resources, or of values inside them."""

    name: str
    properties: Sequence[Property]
    key: bool
    navigations: Sequence[Navigation] = ()


@dataclass(frozen=True)
class EntitySet:
    """A collection at the top."""

    name: str
    type: str
    bindings: Sequence[tuple[str, str]]


class Schema:
    """The types and collections of one face."""

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        self._values: dict[str, Type] = {}
        routes = collections.routes
        self._tops = {_identifier(route.slug): route for route in routes if "{" not in route.path}
        listed: dict[str, type[BaseModel]] = {route.element.__name__: route.element for route in routes}
        self.entities = [self._entity(listed[name]) for name in sorted(listed)]
        self.values = [self._values[name] for name in sorted(self._values)]
        self.sets = [self._set(name, route) for name, route in sorted(self._tops.items())]

    def _entity(self, model: type[BaseModel]) -> Type:
        properties = [self._property(name, info.annotation) for name, info in model.model_fields.items()]
        key = "id" in model.model_fields
        return Type(_type_name(model), properties, key, [*self._relations(model), *self._inside(model)])

    def _set(self, name: str, route: CollectionRoute) -> EntitySet:
        bindings = [
            (navigation.name, _identifier(RELATED[f"{navigation.name}_id"]))
            for navigation in self._relations(route.element)
        ]
        return EntitySet(name, _type_name(route.element), [bound for bound in bindings if bound[1] in self._tops])

    def _relations(self, model: type[BaseModel]) -> list[Navigation]:
        found: list[Navigation] = []
        for name in relations_of(model, self._collections.names):
            slug = RELATED[f"{name}_id"]
            route = next(route for route in self._collections.routes if route.slug == slug)
            found.append(Navigation(name, _type_name(route.element), field=f"{name}_id"))
        return found

    def _inside(self, model: type[BaseModel]) -> list[Navigation]:
        """Return the collections that each resource of a type contains."""
        found: dict[str, Navigation] = {}
        own = [route.path for route in self._collections.routes if route.element is model]
        for route in self._collections.routes:
            parent, _, slug = route.path.rpartition("/")
            above, _, parameter = parent.rpartition("/")
            if parameter.startswith("{") and above in own:
                name = _identifier(slug)
                if name not in model.model_fields:
                    found[name] = Navigation(name, _type_name(route.element), many=True, contains=True)
        return list(found.values())

    def _property(self, name: str, annotation: Any) -> Property:
        nullable, kind = _without_none(annotation)
        many = get_origin(kind) in (list, Sequence, tuple, set, frozenset)
        if many:
            arguments = get_args(kind)
            kind = _without_none(arguments[0])[1] if arguments else Any
        return Property(name, self._type_of(name, kind), many, nullable)

    def _type_of(self, name: str, kind: Any) -> str:
        if not isinstance(kind, type) or issubclass(kind, dict):
            return "Edm.Untyped"
        if issubclass(kind, BaseModel):
            return f"{NAMESPACE}.{self._value(kind)}"
        if issubclass(kind, str):
            is_id = kind is str and (name == "id" or name.endswith("_id")) and name not in TEXT_IDS
            return "Edm.Guid" if is_id else "Edm.String"
        return next((edm for python, edm in _PRIMITIVES.items() if issubclass(kind, python)), "Edm.String")

    def _value(self, model: type[BaseModel]) -> str:
        """Note a type of values inside others; returns its name."""
        name = f"{_type_name(model)}Value"
        if name not in self._values:
            self._values[name] = Type(name, (), key=False)  # before its fields: a type may hold itself
            properties = [self._property(field, info.annotation) for field, info in model.model_fields.items()]
            self._values[name] = Type(name, properties, key=False)
        return name


def as_json(schema: Schema) -> dict[str, Any]:
    """Return a schema as CSDL JSON 4.01."""
    types: dict[str, Any] = {}
    for each in (*schema.entities, *schema.values):
        is_entity = each in schema.entities
        types[each.name] = {
            "$Kind": "EntityType" if is_entity else "ComplexType",
            **({"$Key": ["id"]} if is_entity and each.key else {}),
            **({"$OpenType": True} if is_entity else {}),
            **{one.name: _json_property(one) for one in each.properties},
            **{one.name: _json_navigation(one) for one in each.navigations},
        }
    container: dict[str, Any] = {"$Kind": "EntityContainer", f"@{KEY_AS_SEGMENT}": True}
    for each in schema.sets:
        bindings = {"$NavigationPropertyBinding": dict(each.bindings)} if each.bindings else {}
        container[each.name] = {"$Collection": True, "$Type": f"{NAMESPACE}.{each.type}", **bindings}
    return {
        "$Version": "4.01",
        "$EntityContainer": f"{NAMESPACE}.Site",
        "$Reference": {f"{CAPABILITIES}.json": {"$Include": [{"$Namespace": "Org.OData.Capabilities.V1"}]}},
        NAMESPACE: {**types, "Site": container},
    }


def _json_property(one: Property) -> dict[str, Any]:
    kind = {} if one.type == "Edm.String" else {"$Type": one.type}
    return kind | ({"$Collection": True} if one.many else {}) | ({"$Nullable": True} if one.nullable else {})


def _json_navigation(one: Navigation) -> dict[str, Any]:
    told: dict[str, Any] = {"$Kind": "NavigationProperty", "$Type": f"{NAMESPACE}.{one.type}"}
    told |= {"$Collection": True} if one.many else {"$Nullable": True}
    told |= {"$ContainsTarget": True} if one.contains else {}
    return told | ({"$ReferentialConstraint": {one.field: "id"}} if one.field is not None else {})


def as_xml(schema: Schema) -> str:
    """Return a schema as CSDL XML 4.01."""
    ET.register_namespace("edmx", EDMX)
    root = ET.Element(f"{{{EDMX}}}Edmx", Version="4.01")
    reference = ET.SubElement(root, f"{{{EDMX}}}Reference", Uri=f"{CAPABILITIES}.xml")
    ET.SubElement(reference, f"{{{EDMX}}}Include", Namespace="Org.OData.Capabilities.V1")
    services = ET.SubElement(root, f"{{{EDMX}}}DataServices")
    whole = ET.SubElement(services, "Schema", xmlns=EDM, Namespace=NAMESPACE)
    for each in (*schema.entities, *schema.values):
        _xml_type(whole, each, is_entity=each in schema.entities)
    container = ET.SubElement(whole, "EntityContainer", Name="Site")
    for each in schema.sets:
        one = ET.SubElement(container, "EntitySet", Name=each.name, EntityType=f"{NAMESPACE}.{each.type}")
        for name, target in each.bindings:
            ET.SubElement(one, "NavigationPropertyBinding", Path=name, Target=target)
    ET.SubElement(container, "Annotation", Term=KEY_AS_SEGMENT, Bool="true")
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _xml_type(whole: ET.Element, each: Type, *, is_entity: bool) -> None:
    attributes = {"Name": each.name} | ({"OpenType": "true"} if is_entity else {})
    made = ET.SubElement(whole, "EntityType" if is_entity else "ComplexType", attributes)
    if is_entity and each.key:
        ET.SubElement(ET.SubElement(made, "Key"), "PropertyRef", Name="id")
    for one in each.properties:
        kind = f"Collection({one.type})" if one.many else one.type
        ET.SubElement(made, "Property", Name=one.name, Type=kind, Nullable="true" if one.nullable else "false")
    for one in each.navigations:
        kind = f"{NAMESPACE}.{one.type}"
        told = {"Name": one.name, "Type": f"Collection({kind})" if one.many else kind}
        told |= {"ContainsTarget": "true"} if one.contains else {}
        found = ET.SubElement(made, "NavigationProperty", told)
        if one.field is not None:
            ET.SubElement(found, "ReferentialConstraint", Property=one.field, ReferencedProperty="id")


def _without_none(annotation: Any) -> tuple[bool, Any]:
    """Return whether a field can be nothing, and what it is otherwise."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) not in (Union, UnionType):
        return annotation in (Any, None, NoneType), annotation
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    nullable = len(kinds) < len(get_args(annotation))
    return nullable, _without_none(kinds[0])[1] if len(kinds) == 1 else Any


def _type_name(model: type[BaseModel]) -> str:
    return "".join(part for part in model.__name__.removesuffix("View") if part.isalnum())


def _identifier(slug: str) -> str:
    """Return a path's segment as OData's identifiers are: they have no hyphens."""
    return slug.replace("-", "_")
