package io.weir.promql.parser;

import io.weir.promql.ast.Expr;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Walks over syntax trees: nodes by their preorder number, and rewriting from the leaves up. */
public final class Nodes {
    private Nodes() {}

    /** All nodes of a tree in preorder; a node's index is its ordinal. */
    public static List<Expr> preorder(Expr root) {
        List<Expr> nodes = new ArrayList<>();
        collect(root, nodes);
        return nodes;
    }

    private static void collect(Expr node, List<Expr> nodes) {
        nodes.add(node);
        for (Expr child : node.children()) {
            collect(child, nodes);
        }
    }

    /**
     * The node with a preorder number from 0.
     *
     * @throws IllegalArgumentException if the tree has no such node
     */
    public static Expr byOrdinal(Expr root, int ordinal) {
        List<Expr> nodes = preorder(root);
        if (ordinal < 0 || ordinal >= nodes.size()) {
            throw new IllegalArgumentException("no node " + ordinal + " in a tree of " + nodes.size() + " nodes");
        }
        return nodes.get(ordinal);
    }

    /**
     * The preorder number of a node, which must be this very object and not an equal one.
     *
     * @throws IllegalArgumentException if the node is not in the tree
     */
    @SuppressWarnings("ReferenceEquality") // equal nodes at other places of the tree have other numbers
    public static int ordinalOf(Expr root, Expr node) {
        List<Expr> nodes = preorder(root);
        for (int i = 0; i < nodes.size(); i++) {
            if (nodes.get(i) == node) {
                return i;
            }
        }
        throw new IllegalArgumentException("the node is not part of the tree: " + node);
    }

    /** Applies a function to every node, children first; untouched subtrees stay the same objects. */
    public static Expr rewrite(Expr node, UnaryOperator<Expr> function) {
        List<Expr> children = node.children();
        List<Expr> rewritten = new ArrayList<>(children.size());
        boolean changed = false;
        for (Expr child : children) {
            Expr result = rewrite(child, function);
            changed |= !isSame(result, child);
            rewritten.add(result);
        }
        return function.apply(changed ? withChildren(node, rewritten) : node);
    }

    @SuppressWarnings("ReferenceEquality") // comparing whole trees would make rewriting quadratic
    private static boolean isSame(Expr left, Expr right) {
        return left == right;
    }

    /** A copy of a node with other direct sub-expressions, as many and in the order of {@link Expr#children}. */
    public static Expr withChildren(Expr node, List<Expr> children) {
        if (children.size() != node.children().size()) {
            throw new IllegalArgumentException(children.size() + " children for a node with "
                    + node.children().size());
        }
        return switch (node) {
            case Expr.NumberLiteral _, Expr.StringLiteral _, Expr.VectorSelector _ -> node;
            case Expr.MatrixSelector matrix ->
                new Expr.MatrixSelector((Expr.VectorSelector) children.getFirst(), matrix.range(), matrix.position());
            case Expr.Subquery subquery ->
                new Expr.Subquery(
                        children.getFirst(),
                        subquery.range(),
                        subquery.step(),
                        subquery.offset(),
                        subquery.at(),
                        subquery.position());
            case Expr.Call call -> new Expr.Call(call.function(), children, call.position());
            case Expr.Aggregate aggregate ->
                new Expr.Aggregate(
                        aggregate.operator(),
                        aggregate.parameter() == null ? null : children.getFirst(),
                        children.getLast(),
                        aggregate.without(),
                        aggregate.grouping(),
                        aggregate.position());
            case Expr.Binary binary ->
                new Expr.Binary(
                        binary.operator(),
                        children.getFirst(),
                        children.getLast(),
                        binary.returnBool(),
                        binary.matching(),
                        binary.position());
            case Expr.Unary unary -> new Expr.Unary(unary.negative(), children.getFirst(), unary.position());
            case Expr.Parenthesized parenthesized ->
                new Expr.Parenthesized(children.getFirst(), parenthesized.position());
        };
    }
}
