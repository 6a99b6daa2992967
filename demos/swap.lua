-- A page goes to the disk and comes back.
return {
  title = "Swap: a page goes out to the disk, and comes back when it is touched",
  memory = "16M",
  swap = "32M",
  program = { "hog", "20" },

  play = function()
    show("reclaim")
    local function frame(pfn) return string.format("%05x", pfn) end
    local function in_mapping(address) return address >= 0xb0000000 and address < 0xbf000000 end

    local known = {}
    local unmap = event({ "mm_swap_out", "mm_unmap" }, function(e)
      if e.type == "mm_swap_out" then known[e.pfn] = e end
      return e.type == "mm_unmap" and known[e.pfn] ~= nil and in_mapping(e.address)
    end)
    local out = known[unmap.pfn]
    say("Memory is full of pages that belong to no file. One of them, frame *" .. frame(out.pfn) .. "*, is given *slot " .. out.offset .. "* in the swap area. It is in the *swap cache* now: in memory, and with a place on the disk.")

    say("Every page-table entry that named the frame is changed. The entry was " .. hex(unmap.before) .. "; now it is " .. hex(unmap.after) .. ": not present, but not empty either. It names the *slot*.")
    check(unmap.before % 2 == 1 and unmap.after % 2 == 0 and unmap.after ~= 0, "the entry went from present to a swap entry")

    local area = swap_areas()[out.area + 1]
    check(area.users[out.offset] > 0 and area.used > 0, "the area's map says that the slot is in use")

    show("fault")
    local back = fault(function(f) return f.branch == "swap_in" and f.access.linear // 4096 == unmap.address // 4096 end)
    say("Later the program reads *that page* again. The entry is not present, so it faults, and the entry itself tells where the page is: *slot " .. back.swap.slot .. "*. A frame is taken, the *disk is read*, and the program sleeps meanwhile.")
    check(back.walk.levels[2].before == back.swap.slot * 256, "the entry that refused was the swap entry of that slot")
    check(back.swap.slot == out.offset, "it is the slot that the page was given")
    check(back.major and back.waits > 0, "the program waited for the disk")

    local cached = fault(function(f) return f.branch == "swap_in" and not f.major end)
    say("The kernel read the *neighbours* of that slot as well. When the program comes to one of them it faults again, but the page is in the swap cache already: no disk, no sleep.")
    check(cached.waits == 0, "the program did not wait")

    show("reclaim")
    check(finish() == 0, "every byte was right")
    check(console():find("0 pages are wrong", 1, true), "the program says so too")
    check(count("mm_swap_out") > 1000 and count("mm_swap_in") > 1000, "thousands of pages went out and came back")
    check(swap_areas()[1].used < 100, "the slots are free again, with the program gone")
    say(count("mm_swap_out") .. " times a page was given a slot, " .. count("mm_swap_in") .. " times one came back. The program noticed nothing but the time.")
  end,
}
