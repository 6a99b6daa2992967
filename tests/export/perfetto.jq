# What Chrome's Trace Event Format asks of a file, as a list of sentences about what is wrong: none is good.
# Run as: jq -f perfetto.jq FILE

def ns: . * 1000 | round;
def problem($event; $what): "\($what): \($event | tojson | .[0:200])";

# Slices of one thread in the order of the file: each begins at or after the one before it and ends inside those around it.
def nesting:
  reduce .[] as $e ({open: [], wrong: []};
    ($e.ts | ns) as $from | ($from + ($e.dur | ns)) as $to
    | .open |= map(select(. > $from))
    | if any(.open[]; . < $to) then .wrong += [problem($e; "overlaps without nesting")] else . end
    | .open += [$to])
  | .wrong;

# Asynchronous pairs: one b, then one e, at the same or a later time.
def pairs:
  group_by([.cat, .id, .pid])[]
  | select((map(.ph) != ["b", "e"]) or .[1].ts < .[0].ts)
  | problem(.[0]; "is not one b and then one e");

.traceEvents as $all
| ($all | map(select(.ph == "M"))) as $names
| ($all | map(select(.ph != "M"))) as $events
| ($names | map(select(.name == "process_name") | {key: "\(.pid)", value: .args.name}) | from_entries) as $processes
| ($names | map(select(.name == "thread_name") | {key: "\(.pid) \(.tid)", value: .args.name}) | from_entries) as $threads
| [
  (if .displayTimeUnit != "ns" then "displayTimeUnit is not ns" else empty end),
  ($all[] | select(.ph as $ph | ["M", "X", "b", "e", "C", "i"] | index([$ph]) | not) | problem(.; "has no such phase")),
  ($all[] | select((.name | type) != "string" or (.cat | type) != "string" or (.pid | type) != "number" or (.tid | type) != "number"
                   or (.ts | type) != "number" or .ts < 0) | problem(.; "lacks name, cat, pid, tid or ts")),
  ($events[] | select(.ph != "e" and (.args | type) != "object") | problem(.; "lacks args")),
  ($events[] | select(.ph == "X" and ((.dur | type) != "number" or .dur < 0)) | problem(.; "lacks dur")),
  ($events[] | select(.ph == "i" and (.s as $s | ["g", "p", "t"] | index([$s]) | not)) | problem(.; "has no such scope")),
  ($events[] | select(.ph == "C" and ((.args | length) == 0 or any(.args[]; type != "number"))) | problem(.; "counts no numbers")),
  ($events[] | select((.ph == "b" or .ph == "e") and (.id | type) != "string") | problem(.; "lacks id")),
  ($events[] | select($processes["\(.pid)"] == null) | problem(.; "is in a process without a name")),
  ($events[] | select($threads["\(.pid) \(.tid)"] == null) | problem(.; "is in a thread without a name")),
  ($names | group_by([.name, .tid])[] | select(length > 1 or any(.[]; .args == {})) | problem(.[0]; "names a thread twice")),
  (range(1; $events | length) | select($events[.].ts < $events[. - 1].ts) | problem($events[.]; "goes back in time")),
  ($events | map(select(.ph == "X")) | group_by([.pid, .tid])[] | nesting[]),
  ($events | map(select(.ph == "b" or .ph == "e")) | pairs)
]
