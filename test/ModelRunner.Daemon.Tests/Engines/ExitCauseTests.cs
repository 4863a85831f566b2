using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Engines.Command;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Engines;

public sealed class ExitCauseTests
{
    [Theory]
    [InlineData("0.00.004.977 E gguf_init_from_file: failed to open GGUF file '/m/a.gguf' (No such file or directory)", "ModelMissing")]
    [InlineData("0.00.005.086 E gguf_init_from_reader: invalid magic characters: 'junk', expected 'GGUF'", "ModelInvalid")]
    [InlineData("E llama_model_load: error loading model: tensor 'x' data is not within the file bounds, model is corrupted", "ModelInvalid")]
    [InlineData("0.00.005.017 E llama_model_load: error loading model: unknown model architecture: 'llomo'", "ModelUnsupported")]
    [InlineData("ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9 MiB on device 0: cudaMalloc failed: out of memory", "OutOfMemory")]
    [InlineData("ggml_aligned_malloc: insufficient memory (attempted to allocate 9 MB)", "OutOfMemory")]
    [InlineData("srv  start: couldn't bind HTTP server socket, hostname: /x.sock, port: 8080", "Socket")]
    [InlineData("error: invalid argument: --bogus", "Argument")]
    [InlineData("E llama_init_from_model: failed to initialize the context: n_seq_max must be <= 256", "Argument")]
    [InlineData("/src/ggml.c:158: GGML_ASSERT(n > 0) failed", "Crashed")]
    public void A_known_line_gives_the_reason(string line, string reason)
    {
        RunnerFailure failure = ExitCause.Describe("llama-server", LlamaLogLines.All, new ExitStatus(1, null), ["0.00.001.000 I srv starting", line, "0.00.002.000 I srv end"]);

        Assert.Equal(reason, failure.Reason.ToString());
        Assert.StartsWith("llama-server ended with exit code 1: ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public void The_most_telling_line_wins_over_the_last_one()
    {
        RunnerFailure failure = ExitCause.Describe("llama-server", LlamaLogLines.All, new ExitStatus(1, null),
        [
            "0.00.005.017 E llama_model_load: error loading model: unknown model architecture: 'llomo'",
            "0.00.005.297 E srv    load_model: failed to load model, '/m/arch.gguf'",
            "0.00.005.737 E srv  llama_server: exiting due to model loading error",
        ]);

        Assert.Equal(
            "llama-server ended with exit code 1: this engine does not know the model's architecture "
            + "(llama_model_load: error loading model: unknown model architecture: 'llomo')", failure.Message);
    }

    [Fact]
    public void A_process_that_may_start_no_more_threads_is_described_as_such()
    {
        RunnerFailure failure = ExitCause.Describe("llama-host", LlamaLogLines.All, new ExitStatus(null, 6),
        [
            "Unhandled exception. System.OutOfMemoryException: Insufficient memory to continue the execution of the program.",
            "   at System.Threading.Thread.StartCore() + 0xac",
            "   at Program.<Main>(String[] args) + 0x2b",
        ]);

        Assert.Equal(StopReason.OutOfMemory, failure.Reason);
        Assert.Contains(": no more threads may be started; raise the limit of processes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unhandled_exception_of_dotnet_is_shown_without_its_stack()
    {
        RunnerFailure failure = ExitCause.Describe("llama-host", LlamaLogLines.All, new ExitStatus(null, 6),
        [
            "0.00.001.000 I srv starting",
            "Unhandled exception. System.InvalidOperationException: x is missing",
            "   at Program.<Main>(String[] args) + 0x2b",
        ]);

        Assert.EndsWith("; the exception in its output: System.InvalidOperationException: x is missing", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("WARNING: previous allocation reported out of memory, retried fine")]
    [InlineData("WARNING 11-27 04:00:00 [worker.py:10] CUDA out of memory, retried with a smaller batch")]
    [InlineData("(EngineCore pid=7) INFO 11-27 04:00:00 [core.py:10] free after out of memory: 1 GiB")]
    [InlineData("/a/b.py:12: UserWarning: out of memory, retried")]
    [InlineData("0.00.005.017 W alloc: out of memory, retried")]
    [InlineData("{\"level\":\"WARN\",\"message\":\"out of memory, retried\"}")]
    public void A_warning_is_not_the_cause_of_an_exit(string warning)
    {
        RunnerFailure failure = ExitCause.Describe("vllm", CommandLogLines.All, new ExitStatus(1, null), [warning, "KeyError: foo"]);

        Assert.Equal((StopReason.Exited, "vllm ended with exit code 1; the last line of its output: KeyError: foo"), (failure.Reason, failure.Message));
    }

    [Theory]
    [InlineData("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB")]
    [InlineData("ERROR 11-27 04:00:00 [core.py:10] WARNING was ignored: CUDA out of memory")]
    [InlineData("MemoryError: out of memory")]
    public void An_error_is_the_cause_although_other_lines_follow(string error)
    {
        RunnerFailure failure = ExitCause.Describe(
            "vllm", CommandLogLines.All, new ExitStatus(1, null), [error, "RuntimeError: Engine core initialization failed"]);

        Assert.Equal(StopReason.OutOfMemory, failure.Reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("(EngineCore pid=7) ERROR 11-27 04:00:00 [core.py:10] ")]
    public void An_exception_of_Python_is_shown_without_its_stack(string prefix)
    {
        RunnerFailure failure = ExitCause.Describe("vllm", CommandLogLines.All, new ExitStatus(1, null),
        [
            $"{prefix}Traceback (most recent call last):",
            $"{prefix}  File \"/a/b.py\", line 7, in run",
            $"{prefix}    return table[name]",
            $"{prefix}           ~~~~~^^^^^^",
            $"{prefix}KeyError: 'foo'",
            "[rank0] destroy_process_group() was not called",
        ]);

        Assert.Equal("vllm ended with exit code 1; the exception in its output: KeyError: 'foo'", failure.Message);
    }

    [Fact]
    public void CLI_05_a_killed_runner_that_wrote_much_gets_one_line()
    {
        string[] lines = [.. Enumerable.Range(0, 5000).Select(static i => $"0.00.000.{i} I line {i}")];

        RunnerFailure failure = ExitCause.Describe("llama-server", LlamaLogLines.All, new ExitStatus(null, 9), lines);

        Assert.Equal(StopReason.Killed, failure.Reason);
        Assert.Equal("llama-server was killed by signal 9 (SIGKILL); the daemon did not send it, a person or another program did", failure.Message);
    }

    [Fact]
    public void Memory_is_only_named_where_the_kernel_killed_for_want_of_it()
    {
        RunnerFailure failure = ExitCause.Describe("llama-server", LlamaLogLines.All, new ExitStatus(null, 9), [], MemoryKill.Perhaps);

        Assert.Equal(StopReason.Killed, failure.Reason);
        Assert.Equal(
            "llama-server was killed by signal 9 (SIGKILL); the kernel's out-of-memory killer ended a process, which may have been this one: "
            + "use a smaller model or contextSize", failure.Message);
        Assert.Equal(CrashClass.OutOfMemory, failure.Class);
    }

    [Fact]
    public void What_the_kernel_says_of_a_process_counts_more_than_its_output()
    {
        RunnerFailure failure = ExitCause.Describe(
            "llama-server", LlamaLogLines.All, new ExitStatus(null, 9), ["E error loading model: x"], MemoryKill.Yes);

        Assert.Equal((StopReason.Killed, CrashClass.OutOfMemory), (failure.Reason, failure.Class));
        Assert.EndsWith("; the kernel's out-of-memory killer ended it: use a smaller model or contextSize", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama-server: error while loading shared libraries: libllama.so: cannot open shared object file: No such file or directory", "MissingLibrary")]
    [InlineData("Error loading shared library libllama.so: No such file or directory (needed by /usr/bin/llama-server)", "MissingLibrary")]
    [InlineData("llama-server: symbol lookup error: llama-server: undefined symbol: llama_new", "MissingLibrary")]
    [InlineData("llama-server: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by llama-server)", "MissingLibrary")]
    [InlineData("ImportError: libcudart.so.12: cannot open shared object file: No such file or directory", "MissingLibrary")]
    [InlineData("E gguf_init_from_file: this GGUF file is version 9 but this software only supports up to version 3", "EngineTooOld")]
    [InlineData("E gguf_init_from_file: tensor 'x' has invalid ggml type 99. should be in [0, 41)", "EngineTooOld")]
    [InlineData("error: invalid argument: --new", "EngineTooOld")]
    [InlineData("E llama_model_load: error loading model: missing tensor 'x'", "BadModel")]
    [InlineData("std::bad_alloc", "OutOfMemory")]
    [InlineData("CUDA error: an illegal memory access was encountered", "Other")]
    [InlineData("bye", "Other")]
    public void A_known_line_gives_the_class(string line, string expected) => Assert.Equal(
        expected, ExitCause.Describe("llama-server", LlamaLogLines.All, new ExitStatus(1, null), [line]).Class.ToString());

    [Fact]
    public void A_library_that_a_server_can_do_without_does_not_explain_its_exit() => Assert.Equal(
        CrashClass.BadModel,
        ExitCause.Describe("llama-server", LlamaLogLines.All, new ExitStatus(1, null),
        [
            "ggml_backend_load: error while loading shared libraries: libcudart.so.12: cannot open shared object file",
            "E llama_model_load: error loading model: x",
        ]).Class);

    [Fact]
    public void A_signal_is_the_class_of_a_crash_without_a_known_line() => Assert.Equal(
        CrashClass.Signal, ExitCause.Describe("llama-server", LlamaLogLines.All, new ExitStatus(null, 11), ["decoding"]).Class);

    [Fact]
    public void A_crash_without_a_known_line_shows_the_last_line()
    {
        RunnerFailure failure = ExitCause.Describe("llama-host", LlamaLogLines.All, new ExitStatus(null, 11), ["first", "0.00.001.000 I decoding"]);

        Assert.Equal(StopReason.Crashed, failure.Reason);
        Assert.Equal("llama-host was ended by SIGSEGV; the last line of its output: decoding", failure.Message);
    }

    [Fact]
    public void An_end_without_a_word_says_at_least_the_code() =>
        Assert.Equal("llama-server ended with exit code 7", ExitCause.Describe("llama-server", LlamaLogLines.All, new ExitStatus(7, null), []).Message);

    [Fact]
    public void A_long_line_is_cut() =>
        Assert.InRange(ExitCause.Describe("llama-server", LlamaLogLines.All, new ExitStatus(1, null), [new string('x', 5000)]).Message.Length, 200, 400);
}
