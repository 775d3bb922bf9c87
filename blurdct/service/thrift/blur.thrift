// What the Thrift port speaks: binary protocol, strict, over a buffered (not framed) transport.
//
//   thrift --gen py blur.thrift     (or java, go, cpp, ...)

// As licence photographs were checked: kept so that its clients go on working.
service blur_detection {
  // The file of one photo -> {"status": 1, "msg": "success", "data": {"pred": 0 or 1, "score": P}}.
  // score is P(blurred), 0..1; pred is 1 if it is over .5. A photo that cannot be judged:
  // {"status": 0, "msg": why, "data": ""}.
  string reco(1: binary imgstr)
}

// The verdict on one photo.
struct Prediction {
  1: optional double probability    // P(blurred), 0 sharp .. 1 blurred; none if unknown
  2: optional double score          // 100 times that
  3: string label                   // sharp, blurred; unknown: nothing in it could be either
  4: double threshold               // P from which on the label is blurred
  5: string model
  6: string reason                  // why the label is unknown; else empty
  7: optional double sharp_fraction // part of the photo that is sharp, 0..1; if the model has a map
  8: i32 width                      // pixels, upright
  9: i32 height
  10: bool sure                     // whether P is beyond doubt; never if unknown
  11: string note                   // what was done to judge it, such as "first of 3 pages"
  12: optional double evidence      // part that shows what could be sharp or blurred, 0..1
  13: optional double blur          // how wide a point's image is, pixels; if the model knows
  14: optional string kind          // of a blurred photo: "defocus" or "motion"; if it knows
  15: optional double kind_probability  // that it is this and not the other, .5..1
}

// One that may be asked for.
struct Model {
  1: string name
  2: i32 size                       // longest side at which it sees a photo, pixels
  // 3 and 4 were limits as scores, of labels that are no more
  5: bool has_map
  6: double threshold               // P from which on photos are blurred
  7: double sure_sharp              // P below which that is beyond doubt
  8: double sure_blurred            // P from which on that is beyond doubt
  9: string sees                    // size in words; "256x256" is a square, whatever the photo's shape
  10: optional double accuracy      // share of right labels, 0..1, on photos of scenes it had not seen
  11: optional double roc_auc       // how well P tells the two apart there, .5..1
  12: optional double ms_per_photo  // milliseconds, where that was measured
}

// The photo cannot be read, or is over a limit; it is no use to send it again.
exception BadPicture {
  1: string message
}

// Too many requests wait, or the service is stopping: try again later.
exception Busy {
  1: string message
}

// It was not done in time.
exception TooLong {
  1: string message
}

// No such model.
exception WrongUse {
  1: string message
}

service BlurDetector extends blur_detection {
  // The file of one photo, and a model's name; the default one if left out or empty.
  Prediction predict(1: binary photo, 2: string model) throws (
    1: BadPicture bad, 2: Busy busy, 3: TooLong late, 4: WrongUse wrong)

  // The default one first.
  list<Model> models()

  // "blurdct" and the version.
  string ping()
}
