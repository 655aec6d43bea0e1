"""Writes datasets for OtherWritersTest: the same rows plainly, and in as many layouts as pyarrow, polars and DuckDB know.

python other_writers.py FOLDER ROWS LAYOUTS [SEED]     (pip install pyarrow polars duckdb pillow pycocotools)

FOLDER/NNN/plain has one set of rows, FOLDER/NNN/vN the same in another layout: files, folders, codecs, encodings, types, nulls, order,
further columns. FOLDER/NNN/vN.log says what was chosen. A layout that makes its own writer fail is written again with other choices.
"""
import io, json, os, random, struct, sys, zlib
import pyarrow as pa, pyarrow.parquet as pq
import duckdb, polars as pl
from PIL import Image
ROOT=sys.argv[1]; BASES=int(sys.argv[2]); VARS=int(sys.argv[3]); SEED=int(sys.argv[4]) if len(sys.argv)>4 else 1
def png(h,w,r):
    b=io.BytesIO(); Image.new('RGB',(w,h),(r.randrange(256),)*3).save(b,'PNG'); return b.getvalue()
def rle(h,w,r):
    # compressed by pycocotools
    import numpy as np
    from pycocotools import mask as m
    a=np.zeros((h,w),np.uint8,order='F'); a[:r.randrange(1,h+1),:r.randrange(1,w+1)]=1
    e=m.encode(a); return {'size':[h,w],'counts':e['counts'].decode()}
TEXTS=['the red car','Straße 7','left person','a','dog on the right','perhaps a cat','日本','x'*200,"it's \"quoted\"",'']
def rows(r):
    out=[]
    for i in range(r.choice([1,2,3,6])):
        h,w=r.randrange(4,30),r.randrange(4,30)
        ps=[]
        for j in range(r.randrange(1,5)):
            truth=None
            if r.random()<.6:
                truth={'no_target':r.choice([False,False,None]),'ignore':None,'masks':[{'mask':rle(h,w,r),'category_id':r.choice([None,1,90]),'is_crowd':r.choice([None,False]),'annotation_id':r.choice([None,5,1<<40]),'area':None,'region':None} for _ in range(r.choice([1,1,2]))]}
            ps.append({'prompt_id':f'{i}-{j}','task':'referring','texts':[r.choice(TEXTS) for _ in range(r.choice([1,1,2]))],'class_set':None,'regions':r.choice([None,[]]),'truth':truth})
        out.append({'image_id':f'img {i}' if r.random()<.5 else str(1000+i),'image':png(h,w,r),'image_uri':None,'prompts':ps,'split':r.choice([None,'val']),'source':None,'licence':None})
        if r.random()<.25:
            out[-1]['uri_bytes']=out[-1]['image']; out[-1]['image_uri']=f'pictures/p{i}.png'; out[-1]['image']=None
    return out
RLE=[('size','L:i'),('counts','s')]
MASK=[('mask',RLE),('category_id','i'),('is_crowd','b'),('annotation_id','i8'),('area','i8'),('region','i')]
TRUTH=[('no_target','b'),('ignore',RLE),('masks',('L',MASK))]
REGION=[('kind','s'),('coordinates','L:d'),('mask',RLE),('image_id','s')]
PROMPT=[('prompt_id','s'),('task','s'),('texts','L:s'),('class_set','s'),('regions',('L',REGION)),('truth',TRUTH)]
TOP=[('image_id','s'),('image','x'),('image_uri','s'),('prompts',('L',PROMPT)),('split','s'),('source','s'),('licence','s')]
REQ={'image_id','prompts','prompt_id','task','mask','size','counts','masks','kind'}
import datetime, decimal, uuid
FURTHER=[(pa.timestamp('ns'),lambda:datetime.datetime(2020,1,1)),(pa.decimal128(20,3),lambda:decimal.Decimal('1.5')),(pa.map_(pa.string(),pa.int64()),lambda:[('a',1)]),(pa.struct([('a',pa.null()),('b',pa.list_(pa.float32()))]),lambda:{'b':[1.0]}),(pa.null(),lambda:None),(pa.duration('us'),lambda:datetime.timedelta(1)),(pa.float16(),lambda:0.5),(pa.list_(pa.list_(pa.int8())),lambda:[[1],[],None]),(pa.date64(),lambda:datetime.date(2020,1,1)),(pa.time64('ns'),lambda:datetime.time(1)),(pa.decimal256(50,2),lambda:decimal.Decimal('1')),(pa.binary(16),lambda:b'0'*16),(pa.uint64(),lambda:2**63+1),(pa.dictionary(pa.int8(),pa.string()),lambda:'a'),(pa.large_binary(),lambda:b'z')]
class Gen:
    def __init__(s,r,plain): s.r=r; s.plain=plain; s.bad=False
    def leaf(s,t,vals):
        r=s.r; some=[v for v in vals if v is not None]
        if s.plain: return {'s':pa.string(),'x':pa.binary(),'b':pa.bool_(),'i':pa.int32(),'i8':pa.int64(),'d':pa.float64()}[t]
        if not some and r.random()<.4: return pa.null()
        if t=='s': return r.choice([pa.string()]*3+[pa.large_string(),pa.binary(),pa.dictionary(pa.int32(),pa.string())]+([pa.string_view()] if False else []))
        if t=='x': return r.choice([pa.binary()]*2+[pa.large_binary()])
        if t=='b': return pa.bool_()
        if t in('i','i8'):
            mx=max(some,default=0); ok=[pa.int64(),pa.uint64()]
            if mx<2**31: ok+=[pa.int32(),pa.uint32()]
            if mx<128: ok+=[pa.int8(),pa.uint8(),pa.int16(),pa.uint16()]
            return r.choice(ok)
        if t=='d': return r.choice([pa.float64(),pa.float32()])
    def type(s,name,t,vals):
        r=s.r; some=[v for v in vals if v is not None]
        if isinstance(t,list):
            if not some and not s.plain and r.random()<.4: return pa.null()
            return s.struct(t,some)
        if isinstance(t,tuple) or t.startswith('L:'):
            el=t[1] if isinstance(t,tuple) else t[2:]
            els=[e for v in some for e in v]
            if not els and not s.plain and r.random()<.4: return r.choice([pa.null(),pa.list_(pa.null())]) if not some else pa.list_(pa.null())
            et=s.type(name,el,els)
            if s.plain: return pa.list_(et)
            ok=[pa.list_(et)]*2+[pa.large_list(et)]
            if some and len(vals)==len(some) and len({len(v) for v in some})==1 and len(some[0])>0: ok.append(pa.list_(et,len(some[0])))
            return r.choice(ok)
        return s.leaf(t,vals)
    def struct(s,fields,structs):
        fs=[]
        for n,t in fields:
            vals=[x.get(n) for x in structs]
            nothing=all(v is None for v in vals)
            if nothing and not s.plain and n not in REQ and s.r.random()<.4: continue
            fs.append(pa.field(n,s.type(n,t,vals)))
        if not s.plain:
            for k in range(s.r.choice([0,0,0,1,2])):
                ty,_=s.r.choice(FURTHER); fs.append(pa.field(f'more{k} [x].{s.r.randrange(9)}',ty))
            s.r.shuffle(fs)
        return pa.struct(fs)
def conv(v,t):
    if v is None: return None
    if pa.types.is_struct(t):
        return {f.name:(fill(f.type) if f.name.startswith('more') else conv(v.get(f.name),f.type)) for f in t}
    if pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_fixed_size_list(t):
        return [conv(e,t.value_type) for e in v]
    if (pa.types.is_binary(t) or pa.types.is_large_binary(t)) and isinstance(v,str): return v.encode()
    return v
def fill(t):
    for ty,f in FURTHER:
        if ty==t: return f()
def table(g,rs):
    st=g.struct(TOP,rs)
    data=[conv(x,st) for x in rs]
    if not data: return pa.schema(list(st)).empty_table()
    arrays=[pa.array([d.get(f.name) for d in data],type=f.type) for f in st]
    return pa.table(arrays,schema=pa.schema(list(st)))
FOLDERS=['','','a','split=val','image_id=007','a b/c','x[1]','{y}','z?','w*','ü','1:2','#%20+','.']
def write(r,path,t,log):
    os.makedirs(os.path.dirname(path),exist_ok=True)
    kind=r.choice(['arrow']*7+['duckdb','polars','polars'])
    try:
        if kind=='duckdb':
            codec=r.choice(['uncompressed','snappy','gzip','zstd','lz4_raw'])
            con=duckdb.connect(); con.register('t',t)
            con.execute("copy t to '%s' (format parquet, codec '%s', row_group_size %d)"%(path.replace("'","''"),codec,2048)); con.close()
            log.append('duckdb '+codec); return
        if kind=='polars':
            codec=r.choice(['uncompressed','snappy','gzip','zstd','lz4'])
            pl.from_arrow(t).write_parquet(path,compression=codec,row_group_size=r.choice([1,2,None]),data_page_size=r.choice([None,200])); log.append('polars '+codec); return
    except BaseException as e:
        log.append(kind+' could not: '+str(e)[:80])
    kw=dict(compression=r.choice(['none','snappy','gzip','zstd','lz4','brotli']),version=r.choice(['1.0','2.4','2.6']),data_page_version=r.choice(['1.0','2.0']),use_dictionary=r.choice([True,False]),row_group_size=r.choice([1,2,1000]),data_page_size=r.choice([100,1<<20]),write_statistics=r.choice([True,False]),write_page_index=r.choice([True,False]),write_page_checksum=r.choice([True,False]),store_schema=r.choice([True,False]),write_batch_size=r.choice([1,1024]),use_compliant_nested_type=r.choice([True,True,False]))
    if r.random()<.15: kw['flavor']='spark'
    if r.random()<.15: kw['use_deprecated_int96_timestamps']=True; 
    if kw['version']=='1.0' : pass
    enc={}
    if not kw['use_dictionary'] and r.random()<.5:
        if t.schema.get_field_index('image_id')>=0 and t.schema.field('image_id').type in (pa.string(),pa.binary()): enc['image_id']=r.choice(['DELTA_BYTE_ARRAY','DELTA_LENGTH_BYTE_ARRAY','PLAIN'])
    if enc: kw['column_encoding']=enc
    if r.random()<.3: t=t.replace_schema_metadata({'huggingface':'{"info":{"features":{}}}','pandas':'{}'})
    try: pq.write_table(t,path,**kw)
    except Exception as e:
        log.append('arrow retried: '+str(e)[:100]); 
        for k in ('flavor','column_encoding','use_deprecated_int96_timestamps'): kw.pop(k,None)
        kw['version']='2.6'
        pq.write_table(t,path,**kw)
    log.append('arrow '+json.dumps(kw))
def dataset(folder,rs,r,plain):
    os.makedirs(folder); log=[]
    json.dump({'format_version':1,'name':'fuzz','split':'val','protocol':'per-expression','class_sets':{},'ground_truth_raster':'coco'},open(folder+'/_maskroute.json','w'))
    for x in rs:
        if x['image_uri']:
            os.makedirs(folder+'/pictures',exist_ok=True); open(folder+'/'+x['image_uri'],'wb').write(x['uri_bytes'])
    clean=[{k:v for k,v in x.items() if k!='uri_bytes'} for x in rs]
    n=1 if plain else r.randrange(1,5); parts=[clean[i::n] for i in range(n)]
    if not plain: r.shuffle(parts)
    for i,p in enumerate(parts):
        name=f'part-{i}.parquet' if plain else r.choice([f'part-{i}.parquet',f'part {i}.snappy.parquet',f'P[{i}].parquet',f'{i}.parquet'])
        path=os.path.normpath(folder+'/'+('' if plain else r.choice(FOLDERS)+'/')+name)
        for attempt in range(40):
            try:
                t=table(Gen(r,plain),p)
                if plain: pq.write_table(t,path)
                else: write(r,path,t,log)
                assert pq.ParquetFile(path).read().num_rows==len(p)
                break
            except Exception as e:
                err=e
                if os.path.exists(path): os.remove(path)
        else: raise err
    if not plain:
        for nm in ('_old/p.parquet','a/.p.parquet.crc','images/1.png','notes.txt','README.md','_SUCCESS'):
            if r.random()<.4:
                os.makedirs(os.path.dirname(folder+'/'+nm),exist_ok=True); open(folder+'/'+nm,'w').write('no Parquet')
    json.dump(log,open(folder+'.log','w'),indent=1)
for b in range(BASES):
    r=random.Random(SEED*100000+b*1000); rs=rows(r)
    dataset(f'{ROOT}/{b:03d}/plain',rs,r,True)
    for v in range(VARS):
        for again in range(5):
            pid=os.fork()
            if pid==0:
                try: dataset(f'{ROOT}/{b:03d}/v{v}',rs,random.Random(SEED*100000+b*1000+1+v+again*500),False); os._exit(0)
                except BaseException as e: print(e); os._exit(1)
            if os.waitpid(pid,0)[1]==0: break
            import shutil; shutil.rmtree(f'{ROOT}/{b:03d}/v{v}')
        else: raise SystemExit('gave up')
