-- Free memory is not the same as large free blocks.
return {
  title = "Buddy fragmentation: much is free, and nothing large can be had",
  memory = "16M",
  program = { "fragment", "8" },

  play = function()
    show("reclaim")
    local function free_in_large(zone)
      local pages = 0
      for order = 3, 10 do pages = pages + zone.blocks[order] * 2 ^ order end
      return math.floor(pages)
    end

    event("boot_phase", function(e) return e.phase == 4 end)
    local start = memory().DMA
    say("The buddy allocator keeps free frames in blocks of 1, 2, 4 ... 1024. At the start nearly all of the free memory is in *large blocks*.")
    check(free_in_large(start) * 10 > start.free * 9, "more than nine tenths of the free pages are in blocks of 8 and more")

    event("mm_buddy_split", function(e) return e.order >= 8 end)
    say("A program asks for one page at a time. There is no small block left, so a large one is *split* in halves, again and again, until one half is one page.")

    local splits = count("mm_buddy_split")
    event("mm_page_free", function() return console():find("in turns", 1, true) ~= nil end)
    say("Two mappings have been written in turns, so their frames lie like a zebra's stripes. Now one of the two is *unmapped*.")
    check(splits > 3 and memory().DMA.free < start.free - 1500, "eight MiB are in use")

    event("mm_page_free", function() return console():find("given back", 1, true) ~= nil end)
    local zebra = memory().DMA
    say("Four MiB are free again, and the list of single pages is long: each free frame's *buddy* is in use, so nothing can be joined. A request for a large block would fail now, with megabytes free.")
    check(zebra.blocks[0] > 700, "hundreds of single free pages")
    check(free_in_large(zebra) < free_in_large(start) / 2, "the large blocks did not come back")

    check(finish() == 0, "the program ended well")
    local after = memory().DMA
    say("The stripes between went too: each freed frame finds its buddy free and *merges* with it, up through the orders, and the large blocks are back.")
    check(count("mm_buddy_merge") > 500, "hundreds of merges")
    check(free_in_large(after) * 10 > after.free * 9, "nine tenths are in large blocks again")
  end,
}
