-- What the floors below read of the wall: which battles are in a sealed release. A view, so that nothing is written
-- twice; those who read it need no right to the items themselves.
CREATE VIEW battles_released AS SELECT battle_id FROM release_item;
REVOKE ALL ON battles_released FROM PUBLIC;
