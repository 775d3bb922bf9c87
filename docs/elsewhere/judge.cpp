// The verdict on a photo, by ONNX Runtime alone: ./judge blurdct.onnx photo.pgm

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <onnxruntime_cxx_api.h>

int main(int, char** words) {
  std::ifstream file(words[2], std::ios::binary);  // a portable graymap: "P5 WIDTH HEIGHT 255"
  std::string magic;
  int64_t width, height, most;
  file >> magic >> width >> height >> most;
  file.get();
  std::vector<char> luma(std::istreambuf_iterator<char>(file), {});

  Ort::Env env(ORT_LOGGING_LEVEL_WARNING);
  Ort::Session session(env, words[1], Ort::SessionOptions());
  auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const int64_t shape[] = {height, width};
  auto input = Ort::Value::CreateTensor(memory, luma.data(), luma.size(), shape, 2,
                                        ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8);
  const char *in[] = {"luma"}, *out[] = {"probability", "blur", "reason", "map"};
  auto told = session.Run(Ort::RunOptions(), in, &input, 1, out, 4);
  const float p = *told[0].GetTensorData<float>(), blur = *told[1].GetTensorData<float>();
  const bool unknown = *told[2].GetTensorData<int64_t>() != 0;
  const auto cells = told[3].GetTensorTypeAndShapeInfo().GetShape();
  std::printf("%s: P(blurred) %.4f, blur %.1f pixels, map (%d, %d)\n",
              unknown ? "unknown" : p >= 0.5 ? "blurred" : "sharp", p, blur,
              static_cast<int>(cells[0]), static_cast<int>(cells[1]));
}
