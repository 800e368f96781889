// A photo from the camera, in a dialog; where there is none, why.

import { byId, say } from "./words.js";

export function offerCamera(taken, failed) {
  const dialog = byId("camera-dialog"), video = byId("video");
  let stream = null;
  const close = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    if (dialog.open) dialog.close();
  };
  byId("camera").addEventListener("click", async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = stream;
      dialog.showModal();
      await video.play();
    } catch (error) {
      close();
      failed(say("no_camera", { reason: error.name || "" }));
    }
  });
  byId("shoot").addEventListener("click", () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
      close();
      if (blob) taken(new File([blob], "camera.jpg", { type: "image/jpeg" }));
    }, "image/jpeg", 0.92);
  });
  byId("camera-cancel").addEventListener("click", close);
  dialog.addEventListener("close", close);
}
