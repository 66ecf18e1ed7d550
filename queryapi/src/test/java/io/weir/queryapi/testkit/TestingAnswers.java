package io.weir.queryapi.testkit;

import io.weir.promql.parser.CanonicalExpression;
import io.weir.queryapi.spi.PrecomputedAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Answers by canonical text, whatever time is asked for; remembers the questions that count. */
public final class TestingAnswers implements PrecomputedAnswers {
    private final Map<String, Hit> hits = new ConcurrentHashMap<>();
    private final List<Question> asked = new ArrayList<>();

    /** @param canonical as {@link CanonicalExpression#text} prints it */
    public TestingAnswers add(String canonical, Hit hit) {
        hits.put(canonical, hit);
        return this;
    }

    @Override
    public Answer look(Question question) {
        Hit hit = hits.get(CanonicalExpression.text(question.expression()));
        return hit == null ? new Miss("no job computes this query") : hit;
    }

    @Override
    public synchronized Answer answer(Question question) {
        asked.add(question);
        return look(question);
    }

    /** What was asked by queries, not by explain. */
    public synchronized List<Question> asked() {
        return List.copyOf(asked);
    }
}
