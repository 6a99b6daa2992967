# For the tests that drive a real window, to be sourced: checks for the tools, makes $work, a folder that goes with the
# test, starts Xvfb and sets DISPLAY. A process whose number the test puts into $window_process ends with the test too.
# usage: . xvfb.sh TOOL...    exit 77: a tool is missing (Meson counts it as skipped)
for tool in Xvfb xdotool import "$@"; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed (tools/setup --tests installs it)"; exit 77; }
done

work=$(mktemp -d)
window_process= server_process=
# Waits for the server: one that is going closes its sockets and only then removes their name, which the next test's
# server may have taken in between.
end_window_test() {
  local status=$?
  for p in $window_process $server_process; do kill "$p" 2>/dev/null || true; wait "$p" 2>/dev/null || true; done
  [ "$status" = 0 ] || { echo "--- the X server said:"; cat "$work/server" 2>/dev/null || true; }
  rm -rf "$work"
}
trap end_window_test EXIT

# The server chooses a free display itself and says so once it is ready: two tests at a time do not meet, as two
# xvfb-run -a can.
Xvfb -noreset -displayfd 3 -screen 0 1280x800x24 -dpi 96 -nolisten tcp 3>"$work/display" >"$work/server" 2>&1 &
server_process=$!
for _ in $(seq 100); do [ -s "$work/display" ] && break; sleep 0.1; done
[ -s "$work/display" ] || { echo "not ok: Xvfb did not start:"; cat "$work/server"; exit 1; }
DISPLAY=:$(cat "$work/display")
export DISPLAY
