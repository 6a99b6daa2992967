-- fork copies no memory. The first write does, and only where it must.
return {
  title = "Fork and copy on write: sharing until somebody writes",
  program = { "fork-cow" },

  play = function()
    show("fault")
    local function at(line_has) return function(f) return f.instruction.source:find(line_has, 1, true) ~= nil end end

    local first = fault(at("page[0] = 'a'"))
    local second = fault(at("page[PAGE] = 'b'"))
    say("The parent has written two pages: two frames of its own, writable. Now it calls *fork*.")
    check(first.branch == "anon" and second.branch == "anon", "each first write took a zeroed frame")

    local copy = fault(at("page[0] = 'A'"))
    say("fork copied no memory. It copied the *page table*, and took the write right from both sides. So the parent's next write is refused (the entry says read-only), and now one of the two gets a copy: the *writer*.")
    check(copy.branch == "cow_copy" and copy.walk.rule == "read-only", "the parent's write was refused by a read-only entry")
    check(copy.cow.old_mapcount == 2, "two page tables mapped the frame")
    check(copy.cow.new_pfn ~= copy.cow.old_pfn, "the parent went on with a copy")

    local reuse = fault(at("page[0] = 'C'"))
    say("The child writes to its side of the same page. The parent has left that frame, so the child is its *last owner*: no copy, the kernel just gives the write right back.")
    check(reuse.branch == "cow_reuse" and reuse.cow.new_pfn == copy.cow.old_pfn, "the child kept the old frame")
    check(reuse.cow.old_mapcount == 1, "one page table mapped it")

    local other = fault(at("page[PAGE] = 'D'"))
    say("The second page is still shared by both. The child writes first this time, so the *child* gets the copy.")
    check(other.branch == "cow_copy" and other.cow.old_mapcount == 2, "the second page was copied for the child")

    local last = fault(at("page[PAGE] = 'B'"))
    say("The child has ended. The parent owns its second page alone again: *reuse*, no copy. Two pages, two copies, although both processes wrote to both.")
    check(last.branch == "cow_reuse", "the parent reused its frame")

    check(finish() == 0, "the program ended well")
    check(console():find("parent has AB", 1, true) and console():find("left it: yes", 1, true), "each side saw its own bytes only")
  end,
}
