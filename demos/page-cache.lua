-- Free memory is wasted memory: the page cache takes it, and gives it back when it is asked to.
return {
  title = "Page cache: it grows into all free memory, and shrinks first",
  memory = "16M",
  disk_file = "24M",
  swap = "16M",
  program = { "read-file", "/data" },

  play = function()
    show("memory")
    event("boot_phase", function(e) return e.phase == 4 end)
    local start = memory()
    local before = count("mm_filemap_add")
    event("mm_filemap_add", function() return count("mm_filemap_add") > before + 1200 end)
    local grown = memory()
    say("A program reads a file that is larger than memory. Every page that was read stays in the *page cache*, in case somebody wants it again: *light blue* frames fill the memory that was free.")
    check(files()[1].fs == "ext2" and files()[1].pages > 1000, "most of them belong to one file of the disk")
    check(grown.frames.file > start.frames.file + 1000, "more than a thousand frames hold pages of the file")

    local wake = event("mm_vmscan_kswapd_wake")
    show("reclaim")
    say("Free memory fell below *low*, and *kswapd* wakes. It does not stop the reader; it works beside it.")
    check(wake.free < memory().DMA.low + 64, "the zone is near its low mark")

    local gone = event("mm_vmscan_page", function(e) return e.outcome == 2 end)
    say("The oldest pages of the file are *clean*: what is on the disk is the same. So they can simply be *forgotten*, without any I/O, and the frames are free.")
    check(gone.anon == 0 and gone.reason == 9, "a clean page of a file was freed")

    check(finish() == 0, "the program ended well")
    check(console():find("read 24576 KiB", 1, true), "the whole file was read")
    say("24 MiB went through 16 MiB of memory. Nobody's own memory had to give way: the cache shrank first, and *nothing was swapped*.")
    check(count("mm_swap_out") == 0, "no page was written to swap")
    check(count("mm_vmscan_kswapd_sleep") > 0, "kswapd went back to sleep above the high mark")
  end,
}
