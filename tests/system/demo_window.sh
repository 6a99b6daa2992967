#!/usr/bin/env bash
# A demonstration in the real window under Xvfb, as a viewer plays it: space and n lead from caption to caption, q leaves
# in the middle or at the end, and the exit status tells what happened.
# usage: demo_window.sh FAULTLINE    exit 77: a tool is missing (Meson counts it as skipped)
set -euo pipefail

faultline=$(realpath "$1")
. "$(dirname "$0")/../ui/xvfb.sh" convert
export SDL_VIDEODRIVER=x11
cd "$work"
caption_ground=1B2430 # PALETTE_RAISED, the ground of its box

fail() { echo "not ok: $*"; echo "--- the demonstration said:"; cat out err; exit 1; }

# Starts the demonstration $1; returns when its window is there.
open_demo() {
  "$faultline" demo --window "$1" >out 2>err &
  window_process=$!
  local window
  for _ in $(seq 400); do # SDL may make its window anew at the start, so what was found may be gone
    window=$(xdotool search --onlyvisible --pid "$window_process" 2>/dev/null | tail -n 1) && [ -n "$window" ] &&
      xdotool windowmove "$window" 0 0 mousemove 1276 796 windowfocus "$window" 2>/dev/null && return 0
    kill -0 "$window_process" 2>/dev/null || fail "$1 ended before its window appeared"
    sleep 0.1
  done
  fail "no window appeared in forty seconds"
}

# Takes what lies above the timeline: the caption, and the lower part of the panels.
take() { import -window root -crop 1240x58+20+612 +repage "$1"; }

# Waits until a caption is there that is not that of band.png, and stands still.
next_caption() {
  for _ in $(seq 400); do
    take now.png
    if [ "$(convert now.png -format '%[hex:p{0,40}]' info:)" = "$caption_ground" ]; then
      convert now.png now.rgb
      take again.png
      convert again.png again.rgb
      if cmp -s now.rgb again.rgb && ! cmp -s now.rgb band.rgb 2>/dev/null; then mv now.rgb band.rgb; return 0; fi
    fi
    sleep 0.05
  done
  fail "no new caption after: $1"
}

# The window closes, and the exit status is $1.
expect_end() {
  for _ in $(seq 400); do kill -0 "$window_process" 2>/dev/null || break; sleep 0.1; done
  kill -0 "$window_process" 2>/dev/null && fail "$2: the window does not close"
  local status=0
  wait "$window_process" || status=$?
  window_process=
  [ "$status" = "$1" ] || fail "$2: exit status $status, not $1"
  ! [ -s err ] || fail "$2: it complained"
  echo "ok: $2"
}

checks() { grep -c '^  ok: ' out || true; }

open_demo demand-paging
next_caption "the start"
for key in space n space n space; do
  xdotool key "$key"
  next_caption "$key"
done
[ "$(checks)" -ge 6 ] || fail "$(checks) checks were told"
! grep -q 'NOT SO' out || fail "a check did not hold"
echo "ok: space and n lead from caption to caption"
xdotool key space; sleep 0.3; xdotool key 3; sleep 0.3; xdotool key question; xdotool key Escape
kill -0 "$window_process" || fail "the window must stay open at the end"
xdotool key q
expect_end 0 "q at the end leaves with 0"
rm -f band.rgb

open_demo swap
next_caption "the start"
xdotool key q
expect_end 0 "q at the first caption leaves with 0"
rm -f band.rgb

open_demo thrashing
next_caption "the start"
xdotool key space q
expect_end 0 "q while the machine runs leaves with 0"
rm -f band.rgb

cat >false.lua <<'LUA'
return {title = 'False', program = {'first-faults'}, play = function() say('one') check(1 == 2, 'one is two') say('two') end}
LUA
open_demo ./false.lua
next_caption "the start"
xdotool key space
next_caption "space"
xdotool key q
expect_end 1 "a check that did not hold gives 1, also when the viewer leaves early"
