-- Two memory nodes: near memory first, far memory when the near one is short.
return {
  title = "Nodes: near memory first, and far memory before anybody reclaims",
  memory = "64M",
  nodes = 2,
  program = { "hog", "40" },

  play = function()
    show("reclaim")
    event("boot_phase", function(e) return e.phase == 4 end)
    local zones = memory()
    local far = zones[#zones]
    say("The firmware tells that the machine has two *memory nodes*: the processor reaches the frames of node 0 faster. Each node has its own zones, its own lists and its own kswapd. Node 1 begins at frame " .. string.format("%05x", far.start_pfn) .. ".")
    check(far.node == 1 and zones[1].node == 0, "there are zones of node 0 and of node 1")

    local near = event("mm_page_alloc", function(e) return e.preferred_zone >= 1 and e.order == 0 end)
    say("The program writes to one page after the other. Each zonelist begins with the *near* node: the frames come from node 0, zone Normal.")
    check(near.node == 0, "the first frame is a near one")

    local dma = event("mm_page_alloc", function(e) return e.node == 0 and e.zone == 0 and e.preferred_zone >= 1 end)
    say("Normal of node 0 is down to its *low* mark, " .. memory()[2].low .. " pages. The next in the list is DMA, still on the near node. From here on its frames are handed out, down to what is kept for those who need DMA memory.")
    check(dma.zone ~= dma.preferred_zone, "the zone that was asked for could not give it")

    local remote = event("mm_page_alloc", function(e) return e.node == 1 and e.task == dma.task end)
    zones = memory()
    say("The near node is short, so the allocation *falls over to node 1*. Far memory is slower than near memory, but much faster than the disk: nobody reclaims while a node has free pages.")
    check(remote.pfn >= far.start_pfn, "the frame lies in node 1")
    check(zones[2].free <= zones[2].low + 1, "the near zone is at its low mark")

    check(finish() == 0, "every page held what was written")
    check(count("mm_vmscan_kswapd_wake") == 0 and count("mm_vmscan_direct_reclaim_begin") == 0, "nothing was reclaimed")
    say("40 MiB on a machine whose nodes have 32 MiB each: *nothing* had to be reclaimed.")
  end,
}
