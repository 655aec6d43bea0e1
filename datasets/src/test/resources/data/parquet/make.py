"""Writes the files of this folder. With pyarrow 25, DuckDB 1.5 and polars 1.44; run in it: python make.py"""
import base64, datetime as dt, decimal, json, pathlib, uuid
import duckdb, polars, pyarrow as pa, pyarrow.parquet as pq, pyarrow.parquet.encryption as pe

MASK = {"size": [3, 4], "counts": "57"}
ROWS = [
    {"image_id": "a", "image_uri": "a.png",
     "prompts": [{"prompt_id": "a1", "task": "referring", "texts": ["the red car"],
                  "truth": {"no_target": False, "masks": [{"mask": MASK, "category_id": 3, "is_crowd": False,
                                                           "annotation_id": 7}]}},
                 {"prompt_id": "a2", "task": "referring", "texts": ["x", "y"], "truth": None}]},
    {"image_id": "b", "image_uri": "b.png", "prompts": []}]
NOW = dt.datetime(2026, 1, 2, 3, 4, 5)


def table(rows=ROWS, **more):
    made = pa.Table.from_pylist(rows)
    for name, column in more.items():
        made = made.append_column(name, column)
    return made


def write(name, made, **how):
    pq.write_table(made, name, **{"store_schema": False, "compression": "none", "write_statistics": False, **how})


write("pyarrow-plain.parquet", table())
write("pyarrow-large-types.parquet", table().cast(pa.schema([
    ("image_id", pa.large_string()), ("image_uri", pa.string()),
    ("prompts", pa.large_list(pa.field("item", table().schema.field("prompts").type.value_type)))])))
write("pyarrow-dictionary.parquet", table().set_column(0, "image_id", table()["image_id"].dictionary_encode()),
      store_schema=True)
for codec in "brotli", "zstd", "gzip", "lz4", "snappy":
    write(f"pyarrow-{codec}.parquet", table(), compression=codec)
write("pyarrow-empty.parquet", table().slice(0, 0), compression="brotli")
write("pyarrow-delta.parquet", table(), use_dictionary=False, data_page_version="2.0",
      column_encoding={"image_id": "DELTA_BYTE_ARRAY", "image_uri": "DELTA_LENGTH_BYTE_ARRAY",
                       "prompts.list.element.truth.masks.list.element.annotation_id": "DELTA_BINARY_PACKED"})
write("pyarrow-split.parquet", table(), use_dictionary=False,
      column_encoding={"prompts.list.element.truth.masks.list.element.annotation_id": "BYTE_STREAM_SPLIT",
                       "prompts.list.element.truth.masks.list.element.category_id": "BYTE_STREAM_SPLIT"})
nested = [{**row, "prompts": [{**prompt, "when": NOW, "for": dt.timedelta(seconds=1)} for prompt in row["prompts"]]}
          for row in ROWS]
write("pyarrow-further.parquet", table(
    nested,
    ns=pa.array([NOW, None], pa.timestamp("ns")), tz=pa.array([NOW, NOW], pa.timestamp("us", "Europe/Berlin")),
    time32=pa.array([dt.time(1), None], pa.time32("s")), time64=pa.array([dt.time(1), None], pa.time64("ns")),
    date=pa.array([NOW.date(), None]), duration=pa.array([dt.timedelta(1), None]),
    half=pa.array([1.5, None], pa.float16()), d128=pa.array([decimal.Decimal("1.25"), None]),
    d256=pa.array([decimal.Decimal("1.25"), None], pa.decimal256(60, 2)), u64=pa.array([2**64 - 1, None], pa.uint64()),
    fixed=pa.array([b"abc", None], pa.binary(3)), none=pa.nulls(2), map=pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int8())),
    uuid=pa.array([uuid.UUID(int=7).bytes, None], pa.uuid()), json=pa.array(["{}", None], pa.json_()),
    lists=pa.array([[[1], []], None]), view=pa.array(["v", None], pa.string_view()),
    Split=pa.array([1, 2]), split=pa.array([1.0, 2.0])))
write("pyarrow-case.parquet", table(Image_ID=pa.array(["A", "B"])))
write("pyarrow-twice.parquet", pa.Table.from_arrays(
    [*table().columns, pa.array(["A", "B"])], names=[*table().schema.names, "image_id"]))


class Keys(pe.KmsClient):
    def wrap_key(self, key, _):
        return base64.b64encode(key)

    def unwrap_key(self, key, _):
        return base64.b64decode(key)


for name, plain in ("footer", False), ("column", True):
    how = pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["image_uri"]}, plaintext_footer=plain)
    keys = pe.CryptoFactory(lambda _: Keys()).file_encryption_properties(pe.KmsConnectionConfig(), how)
    write(f"pyarrow-encrypted-{name}.parquet", table(), encryption_properties=keys)

pathlib.Path("rows.json").write_text(json.dumps(ROWS))
con = duckdb.connect()
con.execute("""create table t as select image_id, image_uri,
    [{prompt_id: p.prompt_id, task: p.task, texts: p.texts, truth: p.truth,
      seen: interval 3 days, id: uuid '00000000-0000-0000-0000-000000000007'} for p in prompts] as prompts
    from read_json('rows.json')""")
con.execute("""copy (select *, interval 3 days as span, timetz '01:02:03+02' as tz, 170141183460469231731687303715884105727::hugeint as huge,
    '0101'::bit as bits, 'a'::enum('a', 'b') as kind, uuid() as id, timestamp_ns '2026-01-01 00:00:00.123456789' as ns,
    '{"a": 1}'::json as j, map {'k': 1} as m, 1.5::decimal(4, 1) as d, union_value(n := 1) as u,
    '{"a": [1, "x"]}'::json::variant as v, null as nothing from t) to 'duckdb-further.parquet' (codec 'uncompressed')""")
pathlib.Path("rows.json").unlink()
polars.DataFrame(ROWS).with_columns(
    none=None, kind=polars.Series(["x", "y"], dtype=polars.Categorical), at=polars.lit(NOW).cast(polars.Datetime("ns")),
    span=polars.lit(dt.timedelta(1)), time=polars.lit(dt.time(1)), split=polars.lit(None)).write_parquet(
    "polars-further.parquet", compression="uncompressed", statistics=False)
