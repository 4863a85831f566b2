using System.Globalization;
using ModelRunner.Linux.Graphics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Graphics;

/// <summary>Graphics memory from a library like NVIDIA's and from files like those of the kernel.</summary>
public sealed class GraphicsMemoryTests : IDisposable
{
    private const string Amd = "drm-driver:\tamdgpu\ndrm-client-id:\t7\ndrm-pdev:\t0000:03:00.0\n";

    private readonly TemporaryFolder _folder = new();
    private int _descriptor;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_machine_without_a_driver_tells_nothing()
    {
        Assert.Null(Open("/nowhere/libnvidia-ml.so.1").Read([1]));

        // A library that is not NVML.
        Assert.Null(Open("libc.so.6").Read([1]));
    }

    [Fact]
    public async Task Nvidia_tells_cards_and_processes()
    {
        FakeNvidiaLibrary library = await FakeNvidiaLibrary.MakeAsync(_folder.Path);
        library.Tell("card 0 101 0 8000 5000\ncompute 11 1000 0\ncompute 12 2000 0\ngraphics 12 2000 0\ngraphics 13 70 0\ncard 1 2 31 9000 1\ncompute 11 5 1\ncompute 11 6 2\n");
        GraphicsReading reading = Open(library.Path).Read([])!;

        Assert.Equal([new CardMemory("0000:65:00.0", 8000, 5000), new CardMemory("0001:02:1f.0", 9000, 1)], reading.Cards);

        // Process 12 computes and draws with the same memory. Process 11 uses two parts of the second card.
        Assert.Equal("0000:65:00.0=3000 0001:02:1f.0=11", Shown(reading, 11, 12));
        Assert.Equal("0000:65:00.0=70", Shown(reading, 13));
        Assert.Equal("", Shown(reading, 14));
    }

    [Fact]
    public async Task More_processes_than_expected_are_all_read_and_unknown_memory_is_left_out()
    {
        FakeNvidiaLibrary library = await FakeNvidiaLibrary.MakeAsync(_folder.Path);
        IEnumerable<string> many = Enumerable.Range(100, 300).Select(static process => string.Create(CultureInfo.InvariantCulture, $"compute {process} 10 0\n"));
        library.Tell($"card 0 1 0 8000 5000\n{string.Concat(many)}compute 11 18446744073709551615 0\ncompute 12 0 0\n");
        GraphicsReading reading = Open(library.Path).Read([])!;

        Assert.Equal("0000:01:00.0=3000", Shown(reading, [.. Enumerable.Range(100, 300)]));
        Assert.Equal("", Shown(reading, 11, 12));
    }

    [Fact]
    public async Task Where_processes_have_other_numbers_only_the_cards_are_known()
    {
        FakeNvidiaLibrary library = await FakeNvidiaLibrary.MakeAsync(_folder.Path);
        library.Tell("card 0 1 0 8000 5000\ncompute 11 1000 0\n");
        GraphicsReading reading = Open(library.Path, hasAllProcesses: false).Read([])!;

        Assert.Equal(5000, Assert.Single(reading.Cards).UsedBytes);
        Assert.Equal("", Shown(reading, 11));
    }

    [Fact]
    public async Task The_driver_is_connected_once_and_released()
    {
        FakeNvidiaLibrary library = await FakeNvidiaLibrary.MakeAsync(_folder.Path);
        library.Tell("card 0 1 0 8000 5000\n");
        GraphicsMemory memory = Open(library.Path);
        memory.Read([]);
        memory.Read([]);
        Assert.Equal("1 0", library.Calls);
        memory.Release();
        memory.Release();
        Assert.Equal("1 1", library.Calls);

        library.Tell("broken\n");
        Assert.Null(memory.Read([]));
        Assert.Null(memory.Read([]));
        Assert.Equal("2 1", library.Calls);
    }

    [Theory]
    [InlineData(Amd + "drm-memory-vram:\t544428 KiB\ndrm-memory-gtt: \t22528 KiB\n", 544428L << 10)]
    [InlineData(Amd + "drm-total-vram:\t9 MiB\ndrm-resident-vram:\t8 MiB\ndrm-memory-vram:\t8192 KiB\ndrm-resident-gtt:\t22 MiB\n", 8L << 20)]
    [InlineData("drm-driver:\ti915\ndrm-client-id: 7\ndrm-pdev: 0000:03:00.0\ndrm-total-local0: 3 MiB\ndrm-resident-system0: 9 MiB\n", 3L << 20)]
    [InlineData("drm-driver:\txe\ndrm-client-id: 7\ndrm-pdev: 0000:03:00.0\ndrm-resident-vram0: 4096\ndrm-resident-vram1: 2 KiB\ndrm-total-gtt: 9 MiB\n", 6144L)]
    [InlineData(Amd + "drm-memory-vram:\t0\n", 0L)]
    [InlineData(Amd + "drm-memory-vram0:\t9223372036854775807\ndrm-memory-vram1:\t1\n", long.MaxValue)]
    public void The_kernel_tells_the_memory_of_a_process(string text, long expected)
    {
        AddDescriptor(42, text);

        Assert.Equal($"0000:03:00.0={expected}", Shown(Open().Read([42, 43])!, 42, 43));
    }

    [Theory]
    [InlineData("")]
    [InlineData("drm-driver:\ti915\ndrm-client-id:\t7\ndrm-pdev:\t0000:00:02.0\ndrm-total-system0:\t22 MiB\n")]
    [InlineData("drm-driver:\tamdgpu\ndrm-client-id:\t7\ndrm-memory-vram:\t5 KiB\n")]
    [InlineData("drm-driver:\tamdgpu\ndrm-client-id:\t7\ndrm-pdev:\t\"bad\ndrm-memory-vram:\t5 KiB\n")]
    [InlineData(Amd + "drm-memory-vram:\t-5 KiB\n")]
    [InlineData(Amd + "drm-memory-vram:\t9223372036854775807 KiB\n")]
    [InlineData(Amd + "drm-memory-vram:\t5 pages\n")]
    public void A_text_without_valid_memory_of_a_card_is_left_out(string text)
    {
        AddDescriptor(42, text);

        Assert.Equal("", Shown(Open().Read([42])!, 42));
    }

    [Fact]
    public void A_device_that_processes_share_counts_once_and_other_files_do_not_count()
    {
        AddDescriptor(42, Amd + "drm-memory-vram:\t5 KiB\n");
        AddDescriptor(42, Amd + "drm-memory-vram:\t5 KiB\n");
        AddDescriptor(43, Amd + "drm-memory-vram:\t5 KiB\n");
        AddDescriptor(43, Amd.Replace("7", "8", StringComparison.Ordinal) + "drm-memory-vram:\t2 KiB\n");
        AddDescriptor(43, Amd.Replace("7", "9", StringComparison.Ordinal) + "drm-memory-vram:\t1 KiB\n", target: "/tmp/file");

        Assert.Equal("0000:03:00.0=7168", Shown(Open().Read([42, 43])!, 42, 43));
    }

    [Fact]
    public void Devices_of_two_cards_with_the_same_number_are_two_devices()
    {
        string other = Amd.Replace("0000:03", "0000:04", StringComparison.Ordinal);
        AddDescriptor(42, Amd + "drm-memory-vram:\t5 KiB\n");
        AddDescriptor(42, other + "drm-memory-vram:\t3 KiB\n", target: "/dev/dri/renderD129");
        AddDescriptor(43, other + "drm-memory-vram:\t3 KiB\n", target: "/dev/dri/renderD129");

        Assert.Equal("0000:03:00.0=5120 0000:04:00.0=3072", Shown(Open().Read([42, 43])!, 42, 43));
    }

    [Fact]
    public void Cards_of_amd_tell_their_memory()
    {
        AddDescriptor(42, Amd);
        _folder.Write("drivers/amdgpu/0000:03:00.0/mem_info_vram_total", "17163091968\n");
        _folder.Write("drivers/amdgpu/0000:03:00.0/mem_info_vram_used", "1234567\n");
        _folder.Write("drivers/amdgpu/0000:04:00.0/mem_info_vram_total", "1\n");
        _folder.Write("drivers/amdgpu/module/mem_info_vram_total", "1\n");
        _folder.Write("drivers/amdgpu/module/mem_info_vram_used", "1\n");

        Assert.Equal([new CardMemory("0000:03:00.0", 17163091968, 1234567)], Open().Read([])!.Cards);
    }

    private GraphicsMemory Open(string nvidia = "/nowhere", bool hasAllProcesses = true)
    {
        string Inside(string name) => Path.Join(_folder.Path, name);
        return new GraphicsMemory(nvidia, new DrmMemory(Inside("proc"), Inside("dri"), Inside("drivers")), hasAllProcesses);
    }

    private void AddDescriptor(int process, string text, string target = "/dev/dri/renderD128")
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"proc/{process}");
        string descriptor = string.Create(CultureInfo.InvariantCulture, $"{++_descriptor}");
        Directory.CreateDirectory(Path.Join(_folder.Path, "dri"));
        Directory.CreateDirectory(Path.Join(_folder.Path, folder, "fd"));
        File.CreateSymbolicLink(Path.Join(_folder.Path, folder, "fd", descriptor), target);
        _folder.Write(Path.Join(folder, "fdinfo", descriptor), text);
    }

    private static string Shown(GraphicsReading reading, params int[] processes) =>
        string.Join(' ', reading.Of(processes).Select(static card => string.Create(CultureInfo.InvariantCulture, $"{card.Key}={card.Value}")));
}
