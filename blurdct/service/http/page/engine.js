// What judges the photos of this page: the service that it came from. The page without a server
// (docs/try) has another module of this name, which does the same in the browser.

export { map, models, predict, willing } from "./service.js";

export const WIDTH = 4; // photos under way at once
export const LOADING = ""; // told while the models are not known yet, where that takes long
export const UNKNOWN = "The service's models are not known";
