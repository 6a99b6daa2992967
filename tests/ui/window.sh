#!/usr/bin/env bash
# The real window under Xvfb: keys and clicks reach their actions, and what it shows is the offscreen picture.
# usage: window.sh UI_SAMPLE    exit 77: a tool is missing (Meson counts it as skipped)
set -euo pipefail

sample=$(realpath "$1")
. "$(dirname "$0")/xvfb.sh" compare convert

fail() { echo "not ok: $*"; echo "--- the window said:"; cat "$work/out" "$work/err"; exit 1; }

cd "$work"
SDL_VIDEODRIVER=x11 "$sample" window >out 2>err &
window_process=$!

window=
for _ in $(seq 100); do
  window=$(xdotool search --onlyvisible --name '^faultline$' 2>/dev/null | head -n 1) && [ -n "$window" ] && break
  kill -0 "$window_process" 2>/dev/null || fail "the window's program ended"
  sleep 0.1
done
[ -n "$window" ] || fail "no window appeared in ten seconds"

# Outside all panels, so that no tooltip is in the picture.
xdotool windowmove "$window" 0 0 mousemove 1276 796 windowfocus "$window"

# Takes the screen until it is the picture $1 (a share of pixels may differ by their antialiasing), for at most ten seconds.
expect_picture() {
  local different=none
  for _ in $(seq 50); do
    import -window root "$work/screen.png"
    different=$(compare -metric AE -fuzz 4% "$work/screen.png" "$1" null: 2>&1 | sed 's/[^0-9.e+].*//' || true)
    if awk -v n="$different" 'BEGIN { exit !(n != "" && n + 0 <= 200) }'; then echo "ok: $2 ($different pixels of 1024000 differ)"; return 0; fi
    sleep 0.2
  done
  fail "$2: $different pixels differ from the offscreen picture"
}

expect_match() {
  for _ in $(seq 50); do
    if grep -qxE "$1" out; then echo "ok: $2"; return 0; fi
    sleep 0.1
  done
  fail "$2: no line like '$1'"
}

expect_line() {
  for _ in $(seq 50); do
    if grep -qxF "$1" out; then echo "ok: $2"; return 0; fi
    sleep 0.1
  done
  fail "$2: no line '$1'"
}

"$sample" picture fault.png 0
"$sample" picture reclaim.png 1
"$sample" picture memory.png 2
colours=$(convert fault.png -unique-colors -format '%w' info:)
[ "$colours" -gt 50 ] || fail "the offscreen picture is blank ($colours colours)"

expect_picture fault.png "the window shows the fault scene"
xdotool key n;           expect_line "act 2 0" "n asks for the next fault"
xdotool key shift+n;     expect_line "act 3 0" "N asks for the fault before"
xdotool key space;       expect_line "act 1 0" "space runs and pauses"
xdotool key 2;           expect_picture reclaim.png "2 shows the reclaim scene"
xdotool key 3;           expect_picture memory.png "3 shows the memory scene"
xdotool key 1;           expect_picture fault.png "1 goes back"
xdotool key question;    sleep 0.3; import -window root help.png
[ "$(compare -metric AE -fuzz 4% help.png fault.png null: 2>&1 | sed 's/[^0-9.e+].*//')" != 0 ] || fail "? shows no help"
xdotool key Escape;      expect_picture fault.png "? and Escape open and close the help"
xdotool mousemove 860 20 click 1; expect_line "act 2 0" "the button Next fault works"
xdotool mousemove 1276 796

# Typing: the console takes the keys until Escape.
xdotool mousemove 900 640 click 1 mousemove 1276 796
xdotool key a
expect_line "type 61" "a key goes to the guest"
xdotool key Return
expect_line "type 0d" "Return goes to the guest as a carriage return"
xdotool key Escape
expect_picture fault.png "Escape gives the keys back"

# A click selects the frame under it, another one lets it go; v colours the frames by something else.
xdotool mousemove 290 300 click 1
expect_match "act 9 [0-9]+" "a click selects a frame"
xdotool key Escape; expect_line "act 9 -1" "Escape lets it go"
xdotool mousemove 1276 796
expect_picture fault.png "and its mark is gone"
xdotool key v v v; sleep 0.3; import -window root mapcount.png
[ "$(compare -metric AE -fuzz 4% mapcount.png fault.png null: 2>&1 | sed 's/[^0-9.e+].*//')" != 0 ] || fail "v changes nothing"
xdotool key v; expect_picture fault.png "v goes round the overlays"

xdotool key p
for _ in $(seq 50); do [ -s faultline-1.png ] && break; sleep 0.1; done
[ "$(compare -metric AE -fuzz 4% faultline-1.png fault.png null: 2>&1 | sed 's/[^0-9.e+].*//')" = 0 ] || fail "p saves another picture"
echo "ok: p saves the picture that is shown"

xdotool key q
for _ in $(seq 50); do kill -0 "$window_process" 2>/dev/null || break; sleep 0.1; done
if kill -0 "$window_process" 2>/dev/null; then fail "q does not close the window"; fi
wait "$window_process" || fail "the window's program ended with status $?"
window_process=
echo "ok: q closes the window"
