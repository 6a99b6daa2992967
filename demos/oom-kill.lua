-- When nothing can be reclaimed, somebody has to go.
return {
  title = "OOM kill: memory is gone, and the kernel chooses who has to go",
  memory = "16M",
  program = { "oom" },

  play = function()
    show("reclaim")
    event("mm_vmscan_kswapd_wake")
    say("A child takes one MiB after the other. Free memory fell below *low*, so kswapd was woken. But there is *no swap*: anonymous pages have nowhere to go.")

    event("mm_vmscan_direct_reclaim_begin")
    say("Below *min* the hog must reclaim for itself. It looks through the lists again and again, each time more of them, and finds only pages that it cannot give up.")

    local kill = event("mm_oom_kill")
    say("Nothing is left to reclaim. The *OOM killer* scores every process by the memory that it would give back (its badness) and picks the worst: *" .. kill.comm .. "*, pid " .. kill.pid .. ", " .. kill.points .. " points.")
    check(kill.comm == "oom", "the victim is of the demo's program")

    local victim = event("task_exit", function(e) return e.pid == kill.pid end)
    check(victim.status % 128 == 9, "it was killed by SIGKILL")

    check(finish() == 0, "the parent lived on and still has all of its pages")
    check(count("mm_oom_kill") == 1, "one kill was enough")
    local zone = memory().DMA
    say("The victim's frames are free again, the parent still has every page, and the system lives on.")
    check(zone.free > zone.high, "memory is above the high mark again")
  end,
}
