"""The same tree for conditions and values that mean the same, however they were written."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.simplify import simplify

_COMMUTES = (exp.And, exp.Or, exp.EQ, exp.NEQ, exp.Add, exp.Mul)

_OPERATORS = (exp.Binary, exp.Unary, exp.Between, exp.In, exp.Bracket, exp.AtTimeZone)


def spell_out(query: exp.Query) -> None:
    """Writes BETWEEN as two comparisons, and a choice among values of one column as IN."""
    for between in list(query.find_all(exp.Between)):
        low, high = between.args["low"], between.args["high"]
        least, most = (
            exp.GTE(this=between.this, expression=low),
            exp.LTE(this=between.this.copy(), expression=high),
        )
        between.replace(exp.paren(exp.And(this=least, expression=most), copy=False))
    for either in list(query.find_all(exp.Or)):
        choices = [one for one in either.flatten() if isinstance(one, exp.EQ)]
        if len(choices) == len(list(either.flatten())) and len({one.left for one in choices}) == 1:
            values = [one.right.copy() for one in choices]
            either.replace(exp.In(this=choices[0].left.copy(), expressions=values))


def canonical(node: exp.Expr) -> exp.Expr:
    """The same tree for what means the same: order of operands, parentheses, spelling."""
    node = simplify(node.transform(lambda part: part.unnest()))

    def sorted_(part: exp.Expr) -> exp.Expr:
        if isinstance(part, _COMMUTES) and part.right.sql(comments=False) < part.left.sql(
            comments=False
        ):
            return type(part)(this=part.right.copy(), expression=part.left.copy())
        if isinstance(part, exp.In) and part.expressions:
            ordered = sorted(part.expressions, key=lambda one: one.sql(comments=False))
            return exp.In(this=part.this.copy(), expressions=[one.copy() for one in ordered])
        return part

    return _parenthesised(node.transform(sorted_))


def _parenthesised(node: exp.Expr) -> exp.Expr:
    """The same tree with parentheses around every operand, so that its text tells it apart."""
    for part in list(node.find_all(*_OPERATORS)):
        holder = part.parent
        if isinstance(holder, _OPERATORS) and not isinstance(part, (exp.Dot, exp.Paren)):
            around = exp.Paren()
            part.replace(around)
            around.set("this", part)
    return node


def conjuncts(node: exp.Expr | None) -> list[exp.Expr]:
    """The conditions that must hold together; none where there is no condition."""
    if node is None:
        return []
    while isinstance(node, exp.Paren):
        node = node.this
    return list(node.flatten()) if isinstance(node, exp.And) else [node]
