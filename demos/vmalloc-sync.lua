-- Each process has a page directory, and the kernel's part of it is a copy that can be behind.
return {
  title = "Vmalloc sync: the kernel faults on its own memory, and the fault is harmless",
  program = { "shared-table", "4000" },

  play = function()
    show("memory")
    local big = event("vmalloc")
    say("Two processes share one table of descriptors. The parent wants descriptor 4000, so the table must grow to " .. big.pages .. " pages. So many frames side by side may be hard to find: *vmalloc* takes single frames and maps them side by side, from " .. hex(big.address) .. " on.")
    check(big.address > 0xc0000000 and big.pages > 1, "kernel addresses, more than one page")

    local areas = vmalloc_areas()
    check(areas[#areas].address == big.address and areas[#areas].pages == big.pages, "it is in the kernel's list of areas")

    show("fault")
    local function sync(f) return f.branch == "vmalloc_sync" end
    local parent = fault(sync)
    say("vmalloc wrote its entries into *the kernel's own directory*. The parent runs with another directory, whose kernel half was copied at its birth, so it lacks the new entry. So the kernel itself faults, in " .. parent.instruction.symbol .. ".")
    check(not parent.access.user and parent.instruction.cpl == 0, "the kernel made the access")
    check(#parent.walk.levels == 1 and parent.walk.levels[1].before == 0, "the directory entry was empty")

    say("The handler finds the entry in the kernel's directory, *copies* it into this one, and the instruction runs again. Page table and frames are shared from now on: nothing else was missing.")
    check(parent.outcome == "retry" and #parent.frames == 0, "no frame was taken")

    local child = fault(sync)
    say("The child was born before the table grew. It uses descriptor 4000 for the first time, in " .. child.instruction.symbol .. ": the *same fault*, for its own directory. No process pays for what it never touches.")
    check(child.task ~= parent.task, "it is another process")
    check(child.walk.levels[1].entry_at ~= parent.walk.levels[1].entry_at, "it has another page directory")
    check(child.walk.levels[1].index == parent.walk.levels[1].index, "the same entry of it was empty")

    check(finish() == 0, "the child used the descriptor that the parent had opened")
    check(faults("vmalloc_sync") == 2, "one such fault for each directory")
    show("console")
    say("Each directory is brought up to date once, when it is needed. Neither program noticed anything.")
    check(console():find("the child: it is there", 1, true), "the child wrote through it")
  end,
}
