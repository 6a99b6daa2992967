-- A page goes to the disk and comes back.
return {
  title = "Swap: a page goes out to the disk, and comes back when it is touched",
  memory = "16M",
  swap = "32M",
  program = { "hog", "20" },

  play = function()
    show("reclaim")
    local out = event("mm_swap_out")
    say("Memory is full of pages that belong to no file. One of them, frame " .. hex(out.pfn) .. ", is given *slot " .. out.offset .. "* in the swap area. It is in the *swap cache* now: in memory, and with a place on the disk.")

    local unmap = event("mm_unmap", function(e) return e.pfn == out.pfn end)
    say("Every page-table entry that named the frame is changed. The entry was " .. hex(unmap.before) .. "; now it is " .. hex(unmap.after) .. ": not present, but not empty either. It names the *slot*.")
    check(unmap.before % 2 == 1 and unmap.after % 2 == 0 and unmap.after ~= 0, "the entry went from present to a swap entry")

    show("fault")
    local back = fault(function(f) return f.branch == "swap_in" and f.access.kind == "read" and f.waits > 0 end)
    say("Later the program reads that memory again. The entry is not present, so it faults, and the entry itself tells the kernel where the page is. A frame is taken, the *disk is read*, and the program sleeps meanwhile.")
    check(back.walk.levels[2].before ~= 0, "the entry that refused was a swap entry")
    check(back.waits > 0, "the program waited for the disk")

    check(finish() == 0, "every byte was right")
    check(console():find("0 pages are wrong", 1, true), "the program says so too")
    check(count("mm_swap_out") > 1000 and count("mm_swap_in") > 1000, "thousands of pages went out and came back")
    say(count("mm_swap_out") .. " times a page was given a slot, " .. count("mm_swap_in") .. " times one came back. The program noticed nothing but the time.")
  end,
}
