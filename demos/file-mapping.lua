-- Who asks first waits for the disk; everybody after finds the page in memory.
return {
  title = "File mapping: a major fault waits for the disk, a minor one does not",
  memory = "32M",
  disk_file = "1M",
  program = { "map-file", "/data" },

  play = function()
    show("fault")
    local function at(text) return function(f) return f.instruction.source:find(text, 1, true) ~= nil end end

    local major = fault(at("file[0 * PAGE"))
    say("A file is mapped: a VMA, but no page of it is in memory. The first touch is a *major fault*: the kernel takes a frame, puts it into the *page cache*, asks the disk, and the program *sleeps* until the disk has answered.")
    check(major.branch == "file_major" and major.waits > 0, "the page came from the disk, and the program slept for it")
    check(major.wait_blocks * 4 > 50000, "the wait took more than 0.05 ms of virtual time")

    local second = fault(at("file[20 * PAGE / 4]; /* from the disk"))
    say("Another page, another wait. This program told the kernel not to read ahead; otherwise the neighbours would have come along with the first.")
    check(second.branch == "file_major", "the twentieth page had to be read as well")

    local child = fault(at("the child: from the page cache"))
    say("The child touches the same page. Its page table has no entry for it, so it faults, but the page is already in the page cache: a *minor fault*, no disk, no sleep. Both processes now map *one frame*.")
    check(child.branch == "file_minor" and child.waits == 0, "no wait this time")
    check(child.pte.after // 4096 == second.pte.after // 4096, "parent and child map the same frame")

    local other = fault(at("another mapping"))
    say("A second mapping of the file, private this time, finds the same frame too. A private mapping costs nothing until somebody writes to it.")
    check(other.branch == "file_minor" and other.pte.after // 4096 == second.pte.after // 4096, "the same frame a third time")

    check(finish() == 0, "the program ended well")
    check(console():find("the sum is 43, the child's was right", 1, true), "everybody read what is in the file")
  end,
}
