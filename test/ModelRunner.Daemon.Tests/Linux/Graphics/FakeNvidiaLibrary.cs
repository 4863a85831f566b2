using System.Diagnostics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Graphics;

/// <summary>
/// A library with the functions of NVML that the daemon uses, made by the C compiler. It tells what a file says, which is read at each call:
/// <c>card DOMAIN BUS DEVICE TOTAL USED</c>, after it <c>compute PID BYTES PART</c> and <c>graphics PID BYTES PART</c> for processes on it,
/// <c>broken</c> for a driver that cannot be reached, and <c>hang</c> for one that never returns the processes.
/// </summary>
internal sealed class FakeNvidiaLibrary
{
    private const string Source = """
        #include <stdio.h>
        #include <string.h>
        #include <unistd.h>
        struct memory { unsigned long long total, free, used; };
        struct process { unsigned pid; unsigned long long used; unsigned part, subpart; };
        static int starts, stops;
        static void note(void) { FILE *f = fopen(STATE ".calls", "w"); fprintf(f, "%d %d", starts, stops); fclose(f); }
        static int has(const char *word) {
            char line[256]; int found = 0; FILE *f = fopen(STATE, "r");
            while (f && fgets(line, sizeof line, f)) found += strncmp(line, word, strlen(word)) == 0;
            if (f) fclose(f);
            return found;
        }
        static int card(long wanted, unsigned *address, struct memory *memory) {
            char line[256]; long index = 0; int result = 6; FILE *f = fopen(STATE, "r");
            while (f && fgets(line, sizeof line, f))
                if (strncmp(line, "card", 4) == 0 && ++index == wanted) {
                    result = sscanf(line, "card %u %u %u %llu %llu", address, address + 1, address + 2, &memory->total, &memory->used) == 5 ? 0 : 999;
                    break;
                }
            if (f) fclose(f);
            return result;
        }
        static int list(long wanted, const char *word, unsigned *count, struct process *all) {
            char line[256], format[64]; long index = 0; unsigned found = 0; FILE *f = fopen(STATE, "r");
            while (has("hang")) pause();
            snprintf(format, sizeof format, "%s %%u %%llu %%u", word);
            while (f && fgets(line, sizeof line, f)) {
                struct process p = { 0 };
                if (strncmp(line, "card", 4) == 0) index++;
                else if (index == wanted && sscanf(line, format, &p.pid, &p.used, &p.part) == 3) {
                    if (found < *count) all[found] = p;
                    found++;
                }
            }
            if (f) fclose(f);
            int result = found > *count ? 7 : 0;
            *count = found;
            return result;
        }
        int nvmlInit_v2(void) { starts++; note(); return has("broken") ? 9 : 0; }
        int nvmlShutdown(void) { stops++; note(); return 0; }
        int nvmlDeviceGetCount_v2(unsigned *count) { *count = has("card"); return 0; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = (void *)(index + 1L); return 0; }
        int nvmlDeviceGetPciInfo_v3(void *device, char *info) {
            struct memory unused; memset(info, 0, 68); return card((long)device, (unsigned *)(info + 16), &unused);
        }
        int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory) { unsigned address[3]; return card((long)device, address, memory); }
        int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *count, void *all) { return list((long)device, "compute", count, all); }
        int nvmlDeviceGetGraphicsRunningProcesses_v2(void *device, unsigned *count, void *all) { return list((long)device, "graphics", count, all); }

        """;

    private readonly string _state;

    private FakeNvidiaLibrary(string folder) => (Folder, _state) = (folder, System.IO.Path.Join(folder, "state"));

    /// <summary>The folder with the library, for the variable <c>LD_LIBRARY_PATH</c>.</summary>
    public string Folder { get; }

    /// <summary>The path of the library.</summary>
    public string Path => System.IO.Path.Join(Folder, "libnvidia-ml.so.1");

    /// <summary>How often the connection to the driver was begun and ended, as <c>BEGUN ENDED</c>.</summary>
    public string Calls => File.Exists(_state + ".calls") ? File.ReadAllText(_state + ".calls") : "0 0";

    /// <summary>Makes one in a folder.</summary>
    public static async Task<FakeNvidiaLibrary> MakeAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var library = new FakeNvidiaLibrary(folder);
        library.Tell("");
        string source = System.IO.Path.Join(folder, "nvml.c");
        await File.WriteAllTextAsync(source, Source, TestContext.Current.CancellationToken);
        using Process compiler = Process.Start(
            ExternalTool.Require("gcc"), ["-shared", "-fPIC", $"-DSTATE=\"{library._state}\"", "-o", library.Path, source]);
        await compiler.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, compiler.ExitCode);
        return library;
    }

    /// <summary>Replaces what it tells, at once for all readers.</summary>
    public void Tell(string state)
    {
        File.WriteAllText(_state + ".new", state);
        File.Move(_state + ".new", _state, overwrite: true);
    }
}
