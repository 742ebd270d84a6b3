// Checks a log with Go's own sumdb/note and sumdb/tlog, which know nothing of Showdown.
//
// Usage: check ADDRESS VKEY COOKIE; the cookie lets an auditor read entries, and without it only hashes are read.
// Or: check FOLDER VKEY; an exported bundle that was unpacked there is read with its entries.
// It prints what it checked, and ends with status 1 and a reason where something does not hold.
package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A published log has tiles at the paths of C2SP tlog-tiles, where their height of 8 goes without saying.
type published struct {
	place, cookie string
	// Tiles that were read before.
	kept map[tlog.Tile][]byte
}

func (log published) get(path string) ([]byte, error) {
	if log.isFolder() {
		return os.ReadFile(filepath.Join(log.place, filepath.FromSlash(path)))
	}
	request, err := http.NewRequest("GET", log.place+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	if log.cookie != "" {
		request.Header.Set("Cookie", log.cookie)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		return nil, fmt.Errorf("%s: status %d", path, response.StatusCode)
	}
	return io.ReadAll(response.Body)
}

func (log published) isFolder() bool { return !strings.Contains(log.place, "://") }

func (log published) Height() int { return 8 }

func (log published) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if data, ok := log.kept[tile]; ok {
			found[i] = data
			continue
		}
		data, err := log.get(pathOf(tile))
		if err != nil && tile.W < 256 {
			// The log has grown: the full tile has what the partial one had.
			full := tile
			full.W = 256
			if data, err = log.get(pathOf(full)); err == nil && len(data) > tile.W*tlog.HashSize {
				data = data[:tile.W*tlog.HashSize]
			}
		}
		if err != nil {
			return nil, err
		}
		found[i] = data
	}
	return found, nil
}

func (log published) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, tile := range tiles {
		log.kept[tile] = data[i]
	}
}

func pathOf(tile tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
}

func require(err error, what string) {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) < 3 {
		fmt.Println("Usage: check ADDRESS VKEY [COOKIE], or check FOLDER VKEY")
		os.Exit(2)
	}
	log := published{place: os.Args[1], kept: map[tlog.Tile][]byte{}}
	if len(os.Args) > 3 {
		log.cookie = os.Args[3]
	}
	verifier, err := note.NewVerifier(os.Args[2])
	require(err, "key")
	signed, err := log.get("checkpoint")
	require(err, "checkpoint")
	opened, err := note.Open(signed, note.VerifierList(verifier))
	require(err, "signature")
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		fmt.Println("the origin is not the key's name")
		os.Exit(1)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	require(err, "size")
	bytes, err := base64.StdEncoding.DecodeString(lines[2])
	require(err, "root")
	var root tlog.Hash
	copy(root[:], bytes)

	// What this reader returns is proved against the signed root below.
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, log)
	leaves := make([]tlog.Hash, size)
	// Of a large log not every proof is made, but each tile is read.
	step := 1 + size/500
	for index := range leaves {
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		require(err, "leaf")
		leaves[index] = hashes[0]
		if int64(index)%step != 0 && int64(index) != size-1 {
			continue
		}
		proof, err := tlog.ProveRecord(size, int64(index), reader)
		require(err, "inclusion proof")
		require(tlog.CheckRecord(proof, size, root, int64(index), leaves[index]), "inclusion")
	}
	for old := int64(1); old <= size; old += step {
		before, err := tlog.TreeHash(old, reader)
		require(err, "old root")
		proof, err := tlog.ProveTree(size, old, reader)
		require(err, "consistency proof")
		require(tlog.CheckTree(proof, size, root, old, before), "consistency")
	}
	fmt.Printf("%d leaves, every %d proved\n", size, step)
	if log.cookie != "" || log.isFolder() {
		entries := log.entries(size)
		if int64(len(entries)) != size {
			fmt.Printf("%d entries for %d leaves\n", len(entries), size)
			os.Exit(1)
		}
		for index, entry := range entries {
			if tlog.RecordHash(entry) != leaves[index] {
				fmt.Printf("entry %d is not leaf %d\n", index, index)
				os.Exit(1)
			}
		}
		fmt.Printf("%d entries\n", len(entries))
	}
}

func (log published) entries(size int64) [][]byte {
	var entries [][]byte
	for first := int64(0); first < size; first += 256 {
		width := size - first
		if width > 256 {
			width = 256
		}
		path := pathOf(tlog.Tile{H: 8, L: 0, N: first / 256, W: int(width)})
		data, err := log.get("tile/entries/" + strings.TrimPrefix(path, "tile/0/"))
		require(err, "bundle")
		for len(data) > 0 {
			var length int
			if len(data) >= 2 {
				length = int(data[0])<<8 | int(data[1])
			}
			if len(data) < 2+length {
				fmt.Printf("%s ends within an entry\n", path)
				os.Exit(1)
			}
			entries = append(entries, data[2:2+length])
			data = data[2+length:]
		}
	}
	return entries
}
