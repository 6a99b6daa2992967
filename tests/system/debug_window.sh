#!/usr/bin/env bash
# The debugger in the real window under Xvfb, by keys and mouse alone: ten faults, a search, a selection, zoom and pan, a
# stop that is typed, the run to it, a small window. What the window saves by its own key (p) must be what the same
# moment looks like without a display (run --screenshot): the machine is deterministic, so the pictures are the same.
# usage: debug_window.sh FAULTLINE    exit 77: a tool is missing (Meson counts it as skipped)
set -euo pipefail

faultline=$(realpath "$1")
. "$(dirname "$0")/../ui/xvfb.sh" compare convert
export SDL_VIDEODRIVER=x11
cd "$work"
saved=0

fail() { echo "not ok: $*"; echo "--- it said:"; cat out err; exit 1; }

# What the window shows now, as it saves it: shot.png.
shoot() {
  saved=$((saved + 1))
  xdotool key p
  for _ in $(seq 200); do
    [ -s "faultline-$saved.png" ] && { mv "faultline-$saved.png" shot.png; saved=0; return 0; }
    kill -0 "$window_process" 2>/dev/null || fail "the window is gone"
    sleep 0.05
  done
  fail "p saves no picture"
}

# Number of pixels of the area $3 (WxH+X+Y) in which $1 and $2 differ.
differing() {
  convert "$1" -crop "$3" +repage a.png
  convert "$2" -crop "$3" +repage b.png
  compare -metric AE a.png b.png null: 2>&1 | sed 's/[^0-9.e+].*//' || true
}

# Saves pictures until the area $2 of one is that of $1; $3: what that shows.
expect_area() {
  local left=none
  for _ in $(seq 60); do
    shoot
    left=$(differing shot.png "$1" "$2")
    if [ "$left" = 0 ]; then echo "ok: $3"; return 0; fi
    sleep 0.1
  done
  fail "$3: $left pixels differ from the picture made without a display"
}

expect_other() { # the area $2 differs from $1; $3: because of what
  for _ in $(seq 60); do
    shoot
    if [ "$(differing shot.png "$1" "$2")" != 0 ]; then echo "ok: $3"; return 0; fi
    sleep 0.1
  done
  fail "$3: nothing changed"
}

away() { xdotool mousemove 1276 796; } # where no tooltip appears

# The moment $1 of the same program as file $2, without a display.
reference() { local at=$1 file=$2; shift 2
  timeout 100 "$faultline" run --headless --screenshot "$file" --at "$at" "$@" first-faults >/dev/null 2>err.picture </dev/null || true
  [ -s "$file" ] || { cat err.picture; fail "no picture of $at"; }
}

# In a window of 1280x800. The record's number stands in the title above: in a window the guest's terminal echoes, so that
# its init has made two faults more before the program begins.
fault=696x300+572+110    # the FAULT panel below its title
frames=548x300+12+84     # FRAMES
timeline=1256x60+12+722  # TIMELINE

reference 1 first.png
reference 10 tenth.png
reference 'fault branch=cow_copy' cow.png
reference 'fault branch=cow_copy' small.png --size 1024x640
[ "$(differing first.png tenth.png "$fault")" != 0 ] || fail "faults 1 and 10 look the same"

"$faultline" debug --window first-faults >out 2>err </dev/null &
window_process=$!
window=
for _ in $(seq 400); do
  window=$(xdotool search --onlyvisible --pid "$window_process" 2>/dev/null | tail -n 1) && [ -n "$window" ] &&
    xdotool windowmove "$window" 0 0 mousemove 1276 796 windowfocus "$window" 2>/dev/null && break
  kill -0 "$window_process" 2>/dev/null || fail "it ended before its window appeared"
  sleep 0.1
done
[ -n "$window" ] || fail "no window appeared in forty seconds"

expect_area first.png "$fault" "it stands at the program's first fault"
for _ in 2 3 4 5 6 7 8 9 10; do xdotool key n; sleep 0.1; done
expect_area tenth.png "$fault" "n nine times: the tenth fault"
xdotool key shift+n
expect_other tenth.png "$fault" "N shows the one before"
xdotool key n
expect_area tenth.png "$fault" "n comes back to it"

shoot; cp shot.png before.png
xdotool mousemove 200 260 click 1; away
expect_other before.png "$frames" "a click selects a frame"
xdotool mousemove 200 260 click 1; away
expect_area before.png "$frames" "a second click lets it go"
xdotool mousemove 200 250 click 4 click 4 click 4; away
expect_other before.png "$frames" "the wheel zooms the frames"
xdotool mousemove 200 250 click 5 click 5 click 5 click 5; away
expect_area before.png "$frames" "and back"
xdotool mousemove 700 745 click 4 click 4 click 4; away
expect_other before.png "$timeline" "the wheel zooms the timeline"
shoot; cp shot.png zoomed.png
xdotool mousemove 700 745 mousedown 1 mousemove 500 745 mousemove 480 745 mouseup 1; away
expect_other zoomed.png "$timeline" "a drag pans it"
xdotool key t
expect_area before.png "$timeline" "t shows all of it again"

xdotool key slash; sleep 0.2
xdotool type --delay 20 "frame 500"
xdotool key Return; sleep 0.3; xdotool key Escape; sleep 0.2
expect_other before.png "$frames" "a search selects what it finds"

# While a line is typed p is a letter, so the screen itself is looked at.
screen_has() { # pixels of the colour $1 in the area $2
  import -window root -crop "$2" +repage screen.png
  convert screen.png -fuzz 15% -fill black +opaque "$1" -fill white -opaque "$1" -format '%[fx:int(mean*w*h+0.5)]' info:
}
expect_colour() {
  for _ in $(seq 60); do
    [ "$(screen_has "$1" "$2")" -gt 40 ] && { echo "ok: $3"; return 0; }
    sleep 0.1
  done
  fail "$3: nothing of the colour $1"
}

answer=360x50+102+164    # of the list of stops, below the hints
xdotool key b; sleep 0.3
xdotool type --delay 20 "cow colour=red"
xdotool key Return
expect_colour '#F5A07C' "$answer" "a condition that is wrong is refused in place"
xdotool key ctrl+u
xdotool type --delay 20 "fault branch=cow_copy"
xdotool key Return
expect_colour '#84DBBA' "$answer" "a condition that is right is set"
xdotool key Escape; sleep 0.2
xdotool key space
expect_area cow.png "$fault" "the run stops where the condition holds"
xdotool key b; sleep 0.3; xdotool key Down space Escape; sleep 0.2
shoot; cp shot.png before.png
xdotool key s
expect_other before.png 300x40+980+0 "s runs one instruction: the time moves"

xdotool windowsize "$window" 1024 640; sleep 0.5
for _ in $(seq 50); do
  shoot
  [ "$(convert shot.png -format '%wx%h' info:)" = 1024x640 ] && break
  sleep 0.1
done
[ "$(convert shot.png -format '%wx%h' info:)" = 1024x640 ] || fail "the picture has not the window's size"
expect_area small.png 560x200+454+110 "a window of 1024x640 shows the same fault"
xdotool windowsize "$window" 1280 800; sleep 0.3

xdotool key q
for _ in $(seq 200); do kill -0 "$window_process" 2>/dev/null || break; sleep 0.05; done
kill -0 "$window_process" 2>/dev/null && fail "q does not close the window"
status=0
wait "$window_process" || status=$?
window_process=
[ "$status" = 0 ] || fail "exit status $status"
echo "ok: q leaves with 0"
