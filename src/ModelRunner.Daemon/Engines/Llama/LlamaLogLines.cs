using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>The lines of llama-server and llama-host that explain why they end.</summary>
internal static class LlamaLogLines
{
    private const string NoThreads =
        "no more threads may be started; raise the limit of processes (ulimit -u, or the pids limit of the control group)";

    /// <summary>The known lines of llama.cpp 0.5 to 0.7, the most precise first.</summary>
    public static IReadOnlyList<KnownLogLine> All { get; } =
    [
        new("but this software only supports up to version", StopReason.ModelUnsupported, "the model's file has a newer format than this engine reads"),
        new("has invalid ggml type", StopReason.ModelUnsupported,
            "this engine does not know a type of numbers in the model's file, or the file is damaged"),
        new("failed to open GGUF file", StopReason.ModelMissing, "the model's file cannot be opened"),
        new("invalid magic characters", StopReason.ModelInvalid, "the model's file is no GGUF"),
        new("is not within the file bounds", StopReason.ModelInvalid, "the model's file is cut short or damaged"),
        new("mismatch between text model", StopReason.ModelInvalid,
            "the image projector is of another model; name the right one as mmproj in model-runner.json, or none"),
        new("failed to load multimodal model", StopReason.ModelInvalid, "the image projector cannot be loaded"),
        new("unknown model architecture", StopReason.ModelUnsupported, "this engine does not know the model's architecture"),
        new("unknown pre-tokenizer type", StopReason.ModelUnsupported, "this engine does not know the model's tokenizer"),
        new("check_tensor_dims", StopReason.ModelInvalid, "the model's file does not hold what its architecture needs"),
        new("missing tensor", StopReason.ModelInvalid, "the model's file does not hold what its architecture needs"),
        new("gguf_init_from_", StopReason.ModelInvalid, "the model's file cannot be read"),
        new("System.Threading.Thread.StartCore", StopReason.OutOfMemory, NoThreads),
        new("what():  Resource temporarily unavailable", StopReason.OutOfMemory, NoThreads),
        new("System.OutOfMemoryException", StopReason.OutOfMemory, "there is not enough memory"),
        new("out of memory", StopReason.OutOfMemory, "there is not enough memory"),
        new("insufficient memory", StopReason.OutOfMemory, "there is not enough memory"),
        new("failed to allocate", StopReason.OutOfMemory, "there is not enough memory"),
        new("unable to allocate", StopReason.OutOfMemory, "there is not enough memory"),
        new("std::bad_alloc", StopReason.OutOfMemory, "there is not enough memory"),
        new("couldn't bind HTTP server socket", StopReason.Socket, "it could not listen on its socket"),
        new("invalid argument:", StopReason.Argument, "it does not know an argument") { Class = CrashClass.EngineTooOld },
        new("n_seq_max must be <=", StopReason.Argument, "it cannot answer so many requests at once; use a smaller --parallel"),
        new("error while handling argument", StopReason.Argument, "it does not take an argument's value"),
        new("error while handling environment variable", StopReason.Argument, "it does not take a variable's value"),
        new("GGML_ASSERT", StopReason.Crashed, "an assertion in it failed"),
        new("GGML_ABORT", StopReason.Crashed, "it aborted (GGML_ABORT)"),
        new("CUDA error", StopReason.Crashed, "the graphics card failed"),
        new("error loading model:", StopReason.ModelInvalid, "the model could not be loaded"),
        new(DraftFailure.Failed, StopReason.ModelInvalid, "the model could not be loaded"),
        .. LoaderLines.All,
        new("failed to execute", StopReason.NotStarted, "its executable cannot be run"),
    ];
}
