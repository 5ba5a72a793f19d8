package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Process usage is read from /proc. On systems without it everything is zero, and the
// tables show a dash.

// tick is the unit of times in /proc, which is the same on all Linux systems.
const tick = 10 * time.Millisecond

// stat is what /proc says of a process: its parent, the processor time that it
// has used, and that of its children that have ended.
type stat struct {
	parent      int
	used, ended time.Duration
}

func readStat(pid int) (stat, bool) {
	file, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, false
	}
	// The second field is the program's name in brackets, with any characters.
	fields := strings.Fields(string(file[strings.LastIndexByte(string(file), ')')+1:]))
	if len(fields) < 15 {
		return stat{}, false
	}
	n := func(i int) int { v, _ := strconv.Atoi(fields[i]); return v }
	return stat{
		parent: n(1),
		used:   time.Duration(n(11)+n(12)) * tick,
		ended:  time.Duration(n(13)+n(14)) * tick,
	}, true
}

// cpuOf returns the processor time that a process has used.
func cpuOf(pid int) time.Duration {
	s, _ := readStat(pid)
	return s.used
}

// cpuOfFamily returns the processor time that a process and its children have used,
// also those that have ended. 0 is no process.
func cpuOfFamily(pid int) time.Duration {
	s, ok := readStat(pid)
	if !ok {
		return 0
	}
	used := s.used + s.ended
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		child, _ := strconv.Atoi(filepath.Base(folder))
		if s, ok := readStat(child); ok && s.parent == pid {
			used += s.used
		}
	}
	return used
}

// memoryOf returns how much of a process is in memory, in bytes.
func memoryOf(pid int) int {
	file, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(file), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, _ := strconv.Atoi(fields[0])
	return kilobytes << 10
}
