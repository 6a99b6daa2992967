-- Memory costs nothing until it is touched.
return {
  title = "Demand paging: memory that is promised costs nothing until it is touched",
  program = { "demand-paging" },

  play = function()
    show("fault")
    local function in_main(f) return f.instruction.file == "demand-paging.c" end

    local zero = fault(function(f) return in_main(f) and f.branch == "anon_zero" end)
    say("The program asked for 16 pages with mmap and got a promise: a *VMA*, but no frame. Its first *read* of a page faults: the entry in the page table is empty. The kernel maps the shared *page of zeros*, read-only.")
    check(zero.access.kind == "read" and zero.walk.rule == "not present", "the walk ended at an entry that was not present")

    local copy = fault(function(f) return in_main(f) end)
    say("Now it *writes* to that page. The page of zeros belongs to everybody, so the write is refused and the program gets a *frame of its own*, filled with zeros.")
    check(copy.branch == "cow_copy" and copy.access.linear == zero.access.linear, "the same page faults again, now for the write")

    local fresh = fault(function(f) return in_main(f) end)
    say("A write without a read before takes the short way: one fault, one *zeroed frame*.")
    check(fresh.branch == "anon" and fresh.pte ~= nil, "the first touch was a write, and it got a frame at once")

    local before = faults()
    local last
    for i = 1, 10 do last = fault(in_main) end
    say("Ten more pages, ten more faults: memory comes *one page at a time*, when it is touched, and no sooner. Pages 1 to 4 were never touched and still cost nothing.")
    check(faults() - before == 10 and last.branch == "anon", "each of the ten pages took one fault")

    local again = fault(function(f) return in_main(f) and f.branch == "anon_zero" end)
    say("madvise(MADV_DONTNEED) gave every frame back. The VMA is still there, so the next read starts all over, with the page of zeros.")
    check(again.access.linear == zero.access.linear, "the first page is empty again")

    check(finish() == 0, "the program ended well")
    check(console():find("first byte is 0 again", 1, true), "what was written before is gone")
  end,
}
