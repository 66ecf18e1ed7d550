-- Reads Weir's segments with a stock DuckDB: no extension, no function of ours, every sample bit by bit.
--
--   duckdb -init weir.sql
--   select labels['instance'], ts, value
--   from weir_samples('<id>.blocks.parquet', '<id>.series.parquet')
--   where metric = 'up';
--
-- ts is in ms since 1970 (make_timestamp_ms(ts) is a TIMESTAMP). Values are exact: staleness markers and other NaN payloads keep their
-- bits, and COPY to Parquet keeps them too if it says DICTIONARY_SIZE_LIMIT 1 (a dictionary merges all NaNs into one).
-- Count, times and series need no decoding: ask read_parquet('<id>.blocks.parquet') for n, t0, t1. To decode little, filter on series,
-- metric, block_start or block_end; all reach the Parquet reader or cut whole blocks. Overlapping segments may hold the same sample; of
-- samples of one series with the same ts, the one of the segment with the greatest id counts.
--
-- The bytes of a block (column bits, all numbers big-endian, each part starting at a full byte):
--   (n-1) * tw bits   timestamp deltas minus dt            sample 0 is at t0
--   tx * 80 bits      timestamp exceptions: 16 bits sample, 64 bits delta
--   (n-1) * w bits    values; kind 0: n * 64 bits
--   vx * 80 bits      value exceptions: 16 bits sample, 64 bits delta (kind 1) or mantissa (kind 3)
--   rx * 80 bits      raw exceptions: 16 bits sample, 64 bits of the double
-- kind 0: doubles as they are. 1: mantissa = mantissa before + dmin + bits. 2: double = double before XOR (bits << e).
-- 3: mantissa = dmin + bits. The first mantissa (or double, kind 2) is m0; a value is mantissa / 10^e.

-- An unsigned number of w bits that starts at a bit of a text of zeros and ones.
create or replace macro weir_bits(text, first_bit, w) as
    case when w = 0 then 0::bigint else substr(text, (first_bit + 1)::bigint, w::bigint)::bit::bigint end;

-- Exceptions as a map from sample to 64 bits of text.
create or replace macro weir_exceptions(text, first_bit, how_many) as
    map_from_entries([
        {
            'k': substr(text, (first_bit + 80 * x + 1)::bigint, 16)::bit::bigint,
            'v': substr(text, (first_bit + 80 * x + 17)::bigint, 64)
        }
        for x in range(how_many::bigint)
    ]);

-- Samples of a blocks file by series ordinal.
create or replace macro weir_decode(blocks) as table
with block as (
    select
        *,
        case when octet_length(bits) = 0 then '' else bits::bit::varchar end as text,
        8 * (((n - 1) * tw::bigint + 7) // 8) as time_exceptions_at
    from read_parquet(blocks)
),
placed as (
    select
        *,
        time_exceptions_at + 80 * tx as values_at,
        time_exceptions_at + 80 * tx
            + case when kind = 0 then 64 * n::bigint else 8 * (((n - 1) * w::bigint + 7) // 8) end as value_exceptions_at
    from block
),
sample as (
    select
        *,
        weir_exceptions(text, time_exceptions_at, tx) as time_exceptions,
        weir_exceptions(text, value_exceptions_at, vx) as value_exceptions,
        weir_exceptions(text, value_exceptions_at + 80 * vx, rx) as raw_exceptions,
        unnest(range(n::bigint)) as i
    from placed
),
step as (
    select
        series, t0, t1, kind, e, i,
        case
            when i = 0 then 0::bigint
            when tx > 0 and map_contains(time_exceptions, i) then time_exceptions[i]::bit::bigint
            else dt + weir_bits(text, (i - 1) * tw, tw)
        end as time_delta,
        -- A delta (kind 1) or a mantissa (kind 3).
        case
            when kind not in (1, 3) then 0::bigint
            when i = 0 then m0
            when vx > 0 and map_contains(value_exceptions, i) then value_exceptions[i]::bit::bigint
            else dmin + weir_bits(text, values_at + (i - 1) * w, w)
        end as number,
        case
            when kind <> 2 then 0::ubigint
            when i = 0 then m0::bit::ubigint
            else weir_bits(text, values_at + (i - 1) * w, w)::ubigint << e::ubigint
        end as difference,
        -- Doubles as they are, as 64 bits of text. Nothing longer goes on from here: the window keeps every row.
        case
            when kind = 0 then substr(text, (values_at + 64 * i + 1)::bigint, 64)
            when rx > 0 and map_contains(raw_exceptions, i) then raw_exceptions[i]
        end as raw
    from sample
),
summed as (
    select
        *,
        (t0 + sum(time_delta) over in_block)::bigint as ts,
        case when kind = 3 then number else (sum(number) over in_block)::bigint end as mantissa,
        bit_xor(difference) over in_block as pattern
    from step
    window in_block as (partition by series, t0 order by i rows between unbounded preceding and current row)
)
select
    series,
    t0 as block_start,
    t1 as block_end,
    ts,
    case
        when raw is not null then raw::bit::double
        when kind = 2 then pattern::bit::double
        else mantissa::double / ([
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18
        ]::double[])[e + 1]
    end as value
from summed;

-- Samples of a segment with their labels.
create or replace macro weir_samples(blocks, series) as table
select s.ordinal as series, s.metric, s.labels, d.block_start, d.block_end, d.ts, d.value
from weir_decode(blocks) d
join read_parquet(series) s on s.ordinal = d.series;
