import time, pytest, os
pytestmark = [pytest.mark.committed, pytest.mark.timeout(900)]
def test_micro(world):
    o=world.owner
    for _ in range(8): p,c,b=world.sky()
    o.execute("ANALYZE")
    o.execute("SET track_functions = 'all'") if 0 else None
    def ins(n, what=""):
        s=time.perf_counter()
        o.execute("""INSERT INTO battles_battle (source, prompt_id, contributor_id, left_model_id, right_model_id, left_endpoint_id,
      right_endpoint_id, language, category, state, voted, void_reason, opening_key, opened_at, last_event_at)
      SELECT 'platform', %(p)s, %(contributor)s, %(left)s, %(right)s, %(left_endpoint)s, %(right_endpoint)s,'en','knowledge','voted',true,'',gen_random_uuid(), now()-interval '2400 hours', now()-interval '2400 hours'
      FROM generate_series(1,%(k)s)""", world.row|{"k":n,"p":p})
        print(what, n, f"{(time.perf_counter()-s)/n*1e6:.0f} us/row", flush=True)
    for n in (250,500,1000,2000): ins(n)
    for r in o.execute("EXPLAIN SELECT 1 FROM battle_cluster WHERE battle_id = 77 AND cluster_id = 8").fetchall(): print("P",r[0])
    def variant(name, fn, *changes):
        t=o.execute("SELECT pg_get_functiondef(%s::regprocedure)",[fn]).fetchone()[0]
        for a,b in changes:
            assert a in t
            t=t.replace(a,b)
        o.execute(t)
        ins(1500,name)
    for tg in ("wall_whole","wall_after_turn","wall_on_turn"):
        o.execute(f"ALTER TABLE battle_cluster DISABLE TRIGGER {tg}")
        ins(1500,"without "+tg)
    o.execute("ALTER TABLE battles_battle DISABLE TRIGGER wall_after_open")
    ins(1500,"without after_open")
    o.execute("ALTER TABLE battles_battle DISABLE TRIGGER wall_on_open")
    ins(1500,"without on_open")
