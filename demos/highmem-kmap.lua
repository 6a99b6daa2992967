-- Frames that the kernel cannot name: it needs a window for each look.
return {
  title = "Highmem and kmap: frames without a kernel address, and windows to see them through",
  memory = "64M",
  cmdline = "highmem=32M",
  program = { "windows", "1200" },

  play = function()
    local function frame(pfn) return string.format("%05x", pfn) end

    show("fault")
    local own = fault(function(f) return f.branch == "anon" and f.frames[#f.frames].zone == 2 end)
    local high = memory().HighMem
    local pfn = own.pte.after // 4096
    say("The kernel sees all low memory at fixed addresses, from 0xc0000000 on. A large machine has more than fits there. Here the last 32 MiB play that part: the zone *HighMem*, from frame " .. frame(high.start_pfn) .. " on.")
    check(pfn >= high.start_pfn and high.present == 8192, "the zone is half of the machine, and the program's page lies in it")

    say("Programs get their pages from there first: frame *" .. frame(pfn) .. "*. The program needs nothing special: its own page table maps the frame. Only the *kernel* has no address for it.")
    check(own.frames[#own.frames].preferred_zone == 2, "the fault asked for high memory")

    show("memory")
    local first = event("kmap")
    say("The program writes to a file, and the page of the page cache is a high frame, too. To copy into it, the kernel opens a *window* with kmap: an entry of one page table is set, and " .. hex(first.address) .. " shows frame " .. frame(first.pfn) .. ".")
    check(first.pfn >= high.start_pfn, "low frames need no window")
    check(first.address >= 0xff800000, "the window is in the kernel's last addresses")

    local gone = event("kunmap", function(e) return e.pfn == first.pfn end)
    check(gone.address == first.address, "the window that was opened is closed")
    say("kunmap ends the use, but the entry stays: taking it away would mean a flush of the *TLB* for every single page. The next window is simply the *next entry*.")
    local second = event("kmap", function(e) return e.pfn ~= first.pfn end)
    check(second.address ~= first.address, "another page, another entry")

    local flush = event("pkmap_flush")
    say("There are 1024 entries. After " .. count("kmap") .. " windows the circle closes: all entries without a user, *" .. flush.pfn .. "* of them, are cleared, and the TLB is flushed *once for all*.")
    check(flush.pfn > 1000, "more than a thousand windows were cleared")
    check(count("pkmap_flush") == 1, "it was the first flush")

    check(finish() == 0, "every byte of the file was right")
    check(count("kmap") == count("kunmap"), "every window was closed")
    show("console")
    say("The program wrote and read 1200 pages: *" .. count("kmap") .. "* windows, *" .. count("pkmap_flush") .. "* flushes.")
    check(count("pkmap_flush") * 500 < count("kmap"), "flushes are rare")
  end,
}
