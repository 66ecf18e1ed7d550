package io.weir.promql.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.weir.promql.ast.BinaryOperator;
import io.weir.promql.ast.Function;
import io.weir.promql.series.StaleMarker;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class FunctionsTest {
    private static final double INF = Double.POSITIVE_INFINITY;

    @Test
    void powerFollowsGoWhereJavaDiffers() {
        assertThat(BinaryArithmetic.apply(BinaryOperator.POW, 1, Double.NaN)).isEqualTo(1);
        assertThat(BinaryArithmetic.apply(BinaryOperator.POW, 1, INF)).isEqualTo(1);
        assertThat(BinaryArithmetic.apply(BinaryOperator.POW, -1, INF)).isEqualTo(1);
        assertThat(BinaryArithmetic.apply(BinaryOperator.POW, -1, -INF)).isEqualTo(1);
        assertThat(BinaryArithmetic.apply(BinaryOperator.POW, Double.NaN, 0)).isEqualTo(1);
        assertThat(BinaryArithmetic.apply(BinaryOperator.POW, -1, Double.NaN)).isNaN();
        assertThat(BinaryArithmetic.apply(BinaryOperator.POW, -8, 1.0 / 3)).isNaN();
        assertThat(BinaryArithmetic.apply(BinaryOperator.POW, 2, 10)).isEqualTo(1024);
    }

    @Test
    void moduloTakesTheSignOfTheDividend() {
        assertThat(BinaryArithmetic.apply(BinaryOperator.MOD, -7, 3)).isEqualTo(-1);
        assertThat(BinaryArithmetic.apply(BinaryOperator.MOD, 7, -3)).isEqualTo(1);
        assertThat(BinaryArithmetic.apply(BinaryOperator.MOD, 7, 0)).isNaN();
        assertThat(BinaryArithmetic.apply(BinaryOperator.MOD, 7, INF)).isEqualTo(7);
    }

    @Test
    void comparisonsWithNaNAreFalseExceptNotEqual() {
        for (BinaryOperator operator : BinaryOperator.values()) {
            if (operator.isComparison()) {
                assertThat(BinaryArithmetic.compare(operator, Double.NaN, Double.NaN))
                        .isEqualTo(operator == BinaryOperator.NEQ);
            } else {
                assertThatThrownBy(() -> BinaryArithmetic.compare(operator, 1, 1))
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
        assertThat(BinaryArithmetic.compare(BinaryOperator.EQL, 0.0, -0.0)).isTrue();
    }

    @Test
    void neumaierSurvivesCancellation() {
        NeumaierSum sum = new NeumaierSum();
        for (double value : new double[] {1, 1e100, 1, -1e100}) {
            sum.add(value);
        }
        assertThat(sum.total()).isEqualTo(2);
        sum.reset();
        sum.add(INF);
        sum.add(1);
        assertThat(sum.total()).isEqualTo(INF);
        sum.add(-INF);
        assertThat(sum.total()).isNaN();
        sum.reset();
        sum.add(Double.MAX_VALUE);
        sum.add(Double.MAX_VALUE);
        assertThat(sum.total()).isEqualTo(INF);
    }

    @Test
    void everySupportedFunctionOfOneNumberIsComputed() {
        for (Function function : Function.values()) {
            if (!Elementwise.supports(function)) {
                assertThatThrownBy(() -> Elementwise.apply(function, 1)).isInstanceOf(IllegalArgumentException.class);
            } else if (function.argumentTypes().size() == 1 || function == Function.ROUND) {
                double argument = function == Function.ACOSH ? 1.5 : 0.5;
                assertThat(Elementwise.apply(function, argument))
                        .as(function.text())
                        .isFinite();
            } else if (function.argumentTypes().size() == 2) {
                assertThat(Elementwise.apply(function, 0.5, 0.5)).isEqualTo(0.5);
            } else {
                assertThat(Elementwise.apply(function, 0.5, 0.1, 0.2)).isEqualTo(0.2);
            }
        }
    }

    @Test
    void signAndRounding() {
        assertThat(Elementwise.apply(Function.SGN, Double.NaN)).isNaN();
        assertThat(Elementwise.apply(Function.SGN, -0.0)).isEqualTo(-0.0);
        assertThat(Elementwise.apply(Function.SGN, -3)).isEqualTo(-1);
        assertThat(Elementwise.apply(Function.ROUND, 2.5)).isEqualTo(3);
        assertThat(Elementwise.apply(Function.ROUND, -2.5)).isEqualTo(-2);
        assertThat(Elementwise.apply(Function.ROUND, 0.49999999999999994)).isEqualTo(1);
        assertThat(Elementwise.apply(Function.ROUND, 123.456, 0.1)).isEqualTo(Math.floor(123.456 * 10 + 0.5) / 10);
        assertThat(Elementwise.apply(Function.ROUND, 5, 0)).isNaN();
    }

    @Test
    void clamping() {
        assertThat(Elementwise.apply(Function.CLAMP, 5, 1, 3)).isEqualTo(3);
        assertThat(Elementwise.apply(Function.CLAMP, Double.NaN, 1, 3)).isNaN();
        assertThat(StaleMarker.is(Elementwise.apply(Function.CLAMP, 5, 3, 1))).isTrue();
        assertThat(Elementwise.apply(Function.CLAMP, 5, 3, Double.NaN)).isNaN();
        assertThat(Elementwise.apply(Function.CLAMP_MIN, Double.NaN, INF)).isEqualTo(INF);
        assertThat(Elementwise.apply(Function.CLAMP_MIN, Double.NaN, 1)).isNaN();
        assertThat(Elementwise.apply(Function.CLAMP_MAX, 7, 2)).isEqualTo(2);
    }

    @Test
    void logarithmsAreGos() {
        assertThat(Elementwise.apply(Function.LOG2, 8)).isEqualTo(3);
        assertThat(Elementwise.apply(Function.LOG2, Double.MIN_VALUE)).isEqualTo(-1074);
        assertThat(Elementwise.apply(Function.LOG10, 1000)).isEqualTo(2.9999999999999996);
        for (Function function : new Function[] {Function.LN, Function.LOG2, Function.LOG10}) {
            assertThat(Elementwise.apply(function, 0)).isEqualTo(-INF);
            assertThat(Elementwise.apply(function, -1)).isNaN();
            assertThat(Elementwise.apply(function, INF)).isEqualTo(INF);
            assertThat(Elementwise.apply(function, Double.NaN)).isNaN();
        }
    }

    @Test
    void inverseHyperbolicFunctionsInvert() {
        for (double x : new double[] {1e-10, 0.001, 0.3, 0.7, 1.5, 3, 20}) {
            assertThat(StrictMath.sinh(Elementwise.apply(Function.ASINH, x))).isCloseTo(x, within(x * 1e-13));
            assertThat(Elementwise.apply(Function.ASINH, -x)).isEqualTo(-Elementwise.apply(Function.ASINH, x));
            if (x < 1) {
                assertThat(StrictMath.tanh(Elementwise.apply(Function.ATANH, x)))
                        .isCloseTo(x, within(x * 1e-13));
            } else {
                assertThat(StrictMath.cosh(Elementwise.apply(Function.ACOSH, x)))
                        .isCloseTo(x, within(x * 1e-13));
            }
        }
        assertThat(Elementwise.apply(Function.ACOSH, 0.5)).isNaN();
        assertThat(Elementwise.apply(Function.ATANH, 1)).isEqualTo(INF);
        assertThat(Elementwise.apply(Function.ATANH, -1)).isEqualTo(-INF);
        assertThat(Elementwise.apply(Function.ATANH, 1.1)).isNaN();
        assertThat(Elementwise.apply(Function.ASINH, -INF)).isEqualTo(-INF);
        assertThat(Elementwise.apply(Function.ACOSH, INF)).isEqualTo(INF);
    }

    @Test
    void datesAgreeWithTheJdk() {
        long seed = 20260822;
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            double seconds = Math.floor((random.nextDouble() - 0.5) * 4e11) + (i % 3) / 2.0;
            ZonedDateTime date = Instant.ofEpochSecond((long) seconds).atZone(ZoneOffset.UTC);
            String at = "seed=" + seed + " seconds=" + seconds;
            assertThat(Elementwise.apply(Function.MINUTE, seconds)).as(at).isEqualTo(date.getMinute());
            assertThat(Elementwise.apply(Function.HOUR, seconds)).as(at).isEqualTo(date.getHour());
            assertThat(Elementwise.apply(Function.DAY_OF_WEEK, seconds))
                    .as(at)
                    .isEqualTo(date.getDayOfWeek().getValue() % 7);
            assertThat(Elementwise.apply(Function.DAY_OF_MONTH, seconds)).as(at).isEqualTo(date.getDayOfMonth());
            assertThat(Elementwise.apply(Function.DAY_OF_YEAR, seconds)).as(at).isEqualTo(date.getDayOfYear());
            assertThat(Elementwise.apply(Function.DAYS_IN_MONTH, seconds))
                    .as(at)
                    .isEqualTo(date.toLocalDate().lengthOfMonth());
            assertThat(Elementwise.apply(Function.MONTH, seconds)).as(at).isEqualTo(date.getMonthValue());
            assertThat(Elementwise.apply(Function.YEAR, seconds)).as(at).isEqualTo(date.getYear());
        }
        assertThat(Elementwise.apply(Function.YEAR, Double.NaN)).isEqualTo(292277026596L);
        assertThat(Elementwise.apply(Function.DAY_OF_MONTH, INF)).isEqualTo(4);
    }
}
