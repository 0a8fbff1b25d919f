"""What is being ordered: the drafts of a call as order lines, the facts of each line, and those of the session.

orders = read_orders([context["draftOrders"]], terminology, record)
for line in orders.lines:
    line_facts(line, orders, terminology)
session_facts(orders, terminology)
"""

from __future__ import annotations

from service.facts.orders.beside import facts_beside
from service.facts.orders.drafts import read_orders
from service.facts.orders.groups import Group, groups, regimen_of
from service.facts.orders.line import OrderLine, Orders
from service.facts.orders.line_facts import line_facts
from service.facts.orders.session import session_facts, stated_orders

__all__ = [
    "Group",
    "OrderLine",
    "Orders",
    "facts_beside",
    "groups",
    "line_facts",
    "read_orders",
    "regimen_of",
    "session_facts",
    "stated_orders",
]
