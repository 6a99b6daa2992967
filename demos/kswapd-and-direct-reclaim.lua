-- Two who free memory: one in the background, one because it must.
return {
  title = "kswapd and direct reclaim: a daemon in the background, and tasks that must help themselves",
  memory = "16M",
  swap = "48M",
  program = { "hog", "32" },

  play = function()
    show("reclaim")
    local wake = event("mm_vmscan_kswapd_wake")
    say("Each zone has three marks. An allocation found fewer free pages than *low*, so it woke *kswapd* and went on: there is enough for now.")
    check(wake.free < 3 * memory().DMA.min, "the zone is below its high mark")

    event("mm_swap_out")
    say("kswapd takes pages from the tail of the inactive list. They are anonymous and dirty: each is given a *slot* in the swap area, its entries are changed to name the slot, and it is written.")

    local direct = event("mm_vmscan_direct_reclaim_begin")
    say("The hog writes to memory faster than the disk can take it. Free memory fell below *min*: now the allocation itself has to reclaim. That is *direct reclaim*, and the program feels it as a stall.")
    check(direct.order == 0, "one page was all it wanted")

    local done = event("mm_vmscan_direct_reclaim_end", function(e) return e.task == direct.task end)
    say("It freed " .. done.reclaimed .. " pages and goes on. The reserve below min is not for it: that is for those who need memory in order to free memory.")

    local sleep = event("mm_vmscan_kswapd_sleep")
    say("Free memory is above *high* in every zone. kswapd has done its work and *sleeps* until low is crossed again.")
    check(sleep ~= nil, "kswapd sleeps")

    check(finish() == 0, "the program read back every byte that it wrote")
    check(count("mm_vmscan_kswapd_wake") > 1 and count("mm_vmscan_direct_reclaim_begin") > 0, "both have freed memory")
  end,
}
